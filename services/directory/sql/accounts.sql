-- Accounts that an identity system provisions.

-- name: lock_account
SELECT a.*, m.employee_number AS manager_number
FROM accounts AS a LEFT JOIN people AS m ON m.person_id = a.manager_id
WHERE a.account_id = $1 FOR UPDATE OF a

-- name: accounts_of_workers
-- The accounts of these workers, and who their managers are.
SELECT a.*, m.employee_number AS manager_number
FROM accounts AS a LEFT JOIN people AS m ON m.person_id = a.manager_id
WHERE a.number = ANY ($1::text[])

-- name: user_name_taken
SELECT account_id FROM accounts WHERE lower(user_name) COLLATE "C" = lower($1) AND account_id <> $2

-- name: find_by_number
-- Whose employee number it is: a person's, or that of an account nobody stands behind yet.
SELECT person_id FROM people WHERE employee_number = $1
UNION ALL
SELECT account_id FROM accounts WHERE number = $1
LIMIT 1

-- name: find_by_email
-- People at this address who have no account, or had one, and whether HR says that they work here.
SELECT person_id, given_name, family_name, display_name, EXISTS (
    SELECT FROM worker_records AS r
    WHERE (r.employee_number, r.effective_at, r.sequence)
        = (people.employee_number, people.record_effective_at, people.record_sequence) AND r.state ->> 'status' <> 'left'
) AS works
FROM people
WHERE lower(email) COLLATE "C" = lower($1)
  AND NOT EXISTS (SELECT FROM accounts WHERE account_id = person_id AND removed_at IS NULL)
LIMIT 10

-- name: save_account
INSERT INTO accounts (
    account_id, number, version, created_at, changed_at, laid_over, resource, worker, manager_id, active,
    user_name, external_id, emails, display_name
)
VALUES ($1, $2, 1, statement_timestamp(), statement_timestamp(), $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (account_id) DO UPDATE SET
    number = excluded.number,
    version = accounts.version + 1,
    changed_at = excluded.changed_at,
    removed_at = NULL,
    laid_over = excluded.laid_over,
    resource = excluded.resource,
    worker = excluded.worker,
    manager_id = excluded.manager_id,
    active = excluded.active,
    user_name = excluded.user_name,
    external_id = excluded.external_id,
    emails = excluded.emails,
    display_name = excluded.display_name

-- name: remove_account
-- What is left of it, and of the person it has made, keeps them out until they are provisioned again.
INSERT INTO accounts (
    account_id, number, version, created_at, changed_at, removed_at, laid_over, resource, worker, active, emails
)
VALUES ($1, $2, 1, now(), now(), now(), false, '{}', '{}', false, '{}')
ON CONFLICT (account_id) DO UPDATE SET
    version = accounts.version + 1, changed_at = now(), removed_at = now(), laid_over = false, resource = '{}',
    active = false, user_name = NULL, external_id = NULL, emails = '{}', display_name = NULL

-- name: delete_account
DELETE FROM accounts WHERE account_id = $1

-- name: renumber_person
UPDATE people SET employee_number = $2 WHERE person_id = $1

-- name: adopt_accounts
-- HR speaks for the first time of workers whose accounts came before without an employee number: by address or user
-- name, each of its index. An account that lets nobody in is theirs under the same name only: addresses change hands.
WITH told AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS worker (number, email, name)
    WHERE NOT EXISTS (SELECT FROM people WHERE employee_number = worker.number)
      AND NOT EXISTS (SELECT FROM accounts WHERE accounts.number = worker.number)
), at_address AS (
    SELECT told.number, told.name, a.account_id, a.number AS provisional, a.active, a.worker
    FROM told JOIN accounts AS a ON a.emails @> ARRAY[lower(told.email)]
    UNION
    SELECT told.number, told.name, a.account_id, a.number, a.active, a.worker
    FROM told JOIN accounts AS a ON lower(a.user_name) COLLATE "C" = lower(told.email)
), found AS (
    SELECT number, min(account_id::text)::uuid AS account_id, min(provisional) AS provisional
    FROM at_address WHERE starts_with(provisional, 'scim:') AND (active OR lower(name) = lower(coalesce(
        worker ->> 'given_name' || ' ' || (worker ->> 'family_name'), worker ->> 'display_name', name
    )))
    GROUP BY number HAVING count(*) = 1
), one AS (
    SELECT DISTINCT ON (account_id) * FROM found ORDER BY account_id, number
), numbered AS (
    UPDATE accounts SET number = one.number FROM one WHERE accounts.account_id = one.account_id
), renamed AS (
    UPDATE people SET employee_number = one.number FROM one WHERE people.person_id = one.account_id
)
SELECT provisional FROM one

-- name: mark_managed_stale
-- Have those derived anew who name this account as their manager.
WITH reports AS (
    SELECT p.person_id FROM people AS p JOIN accounts AS a ON a.account_id = p.person_id
    WHERE a.manager_id = ANY ($1::uuid[]) AND NOT p.stale
    ORDER BY p.person_id FOR UPDATE OF p
)
UPDATE people SET stale = true FROM reports WHERE people.person_id = reports.person_id

-- name: mark_holders_stale
WITH holders AS (
    SELECT p.person_id FROM people AS p JOIN accounts AS a ON a.account_id = p.person_id
    WHERE NOT p.stale ORDER BY p.person_id FOR UPDATE OF p
)
UPDATE people SET stale = true FROM holders WHERE people.person_id = holders.person_id

-- name: remember_erased
INSERT INTO erased_accounts (digest)
SELECT sha256(convert_to(lower(name), 'UTF8')) FROM unnest($1::text[]) AS name
UNION
SELECT sha256(convert_to(lower(name), 'UTF8'))
FROM accounts, unnest(emails || ARRAY[user_name, external_id]) AS name
WHERE number = ANY ($2::text[]) AND name IS NOT NULL
ON CONFLICT DO NOTHING

-- name: erased
-- Whether any of these names is that of somebody who was erased.
SELECT EXISTS (
    SELECT FROM unnest($1::text[]) AS name
    JOIN erased_accounts ON digest = sha256(convert_to(lower(name), 'UTF8'))
)

-- name: delete_erased
WITH gone AS (DELETE FROM accounts WHERE number = ANY ($1::text[]) RETURNING account_id)
DELETE FROM group_members WHERE member_id IN (SELECT account_id FROM gone UNION SELECT unnest($2::uuid[]))

-- name: seen_by_hr
SELECT scim_user(people) FROM people WHERE person_id = $1
