-- Accounts without an employee number at the addresses of workers who have no account: two ids of one person.

-- name: pairs
-- Of these accounts, or of all behind one; workers whom HR has seen leave are nobody's.
SELECT a.account_id, p.person_id, p.employee_number, a.active,
    has_taken_part(a.account_id) AS account_used, has_taken_part(p.person_id) AS worker_used
FROM accounts AS a, LATERAL (
    SELECT DISTINCT p.person_id, p.employee_number
    FROM unnest(a.emails || lower(a.user_name)) AS address
    JOIN people AS p ON lower(p.email) COLLATE "C" = address
    JOIN worker_records AS r ON (r.employee_number, r.effective_at, r.sequence)
        = (p.employee_number, p.record_effective_at, p.record_sequence)
    WHERE r.state ->> 'status' <> 'left'
        AND NOT EXISTS (SELECT FROM accounts AS own WHERE own.account_id = p.person_id AND own.removed_at IS NULL)
) AS p
WHERE starts_with(a.number, 'scim:') AND a.removed_at IS NULL
    AND ($1::uuid[] IS NULL OR a.account_id = ANY ($1))
    AND a.account_id BETWEEN coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
        AND coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    AND ($2::uuid IS NULL OR (a.account_id, p.person_id) > ($2, $3::uuid))
    AND EXISTS (SELECT FROM worker_records) -- where HR says nothing nobody is looked for
ORDER BY a.account_id, p.person_id LIMIT $4

-- name: last_looked_at
-- So many accounts without an employee number further on, null where there are fewer, or HR says nothing.
SELECT account_id FROM accounts
WHERE starts_with(number, 'scim:') AND removed_at IS NULL
    AND account_id >= coalesce($1::uuid, '00000000-0000-0000-0000-000000000000') AND EXISTS (SELECT FROM worker_records)
ORDER BY account_id OFFSET $2::int LIMIT 1

-- name: pair
-- The same of two that are given, wherever their addresses.
SELECT a.account_id, p.person_id, p.employee_number, a.active,
    has_taken_part(a.account_id) AS account_used, has_taken_part(p.person_id) AS worker_used
FROM accounts AS a, people AS p
JOIN worker_records AS r ON (r.employee_number, r.effective_at, r.sequence)
    = (p.employee_number, p.record_effective_at, p.record_sequence)
WHERE a.account_id = $1 AND p.person_id = $2 AND p.person_id <> a.account_id
    AND starts_with(a.number, 'scim:') AND a.removed_at IS NULL AND r.state ->> 'status' <> 'left'
    AND NOT EXISTS (SELECT FROM accounts AS own WHERE own.account_id = p.person_id AND own.removed_at IS NULL)

-- name: accounts_at
-- Accounts without an employee number at the addresses of these workers, each of its index.
SELECT a.account_id FROM people AS p JOIN accounts AS a ON a.emails @> ARRAY[lower(p.email)]
WHERE p.employee_number = ANY ($1::text[]) AND starts_with(a.number, 'scim:') AND a.removed_at IS NULL
UNION
SELECT a.account_id FROM people AS p JOIN accounts AS a ON lower(a.user_name) COLLATE "C" = lower(p.email)
WHERE p.employee_number = ANY ($1::text[]) AND starts_with(a.number, 'scim:') AND a.removed_at IS NULL

-- name: forget_removed
-- What is left of an account the worker had before.
DELETE FROM accounts WHERE account_id = $1 AND removed_at IS NOT NULL

-- name: free_number
UPDATE people SET employee_number = 'joined:' || person_id WHERE person_id = $1

-- name: give_number
WITH person AS (UPDATE people SET employee_number = $2 WHERE person_id = $1)
UPDATE accounts SET number = $2 WHERE account_id = $1

-- name: move_account
UPDATE accounts SET account_id = $2, number = $3 WHERE account_id = $1

-- name: move_evidence
-- What both have been told of stays as it is said of whom is kept; so do the others below.
UPDATE skill_evidence AS moved
SET person_id = CASE WHEN person_id = $1 THEN $2 ELSE person_id END,
    stated_by = CASE WHEN stated_by = $1 THEN $2 ELSE stated_by END
WHERE (person_id = $1 OR stated_by = $1) AND NOT EXISTS (
    SELECT FROM skill_evidence AS kept
    WHERE kept.person_id = CASE WHEN moved.person_id = $1 THEN $2 ELSE moved.person_id END
        AND (kept.skill_id, kept.source) = (moved.skill_id, moved.source)
        AND kept.stated_by IS NOT DISTINCT FROM CASE WHEN moved.stated_by = $1 THEN $2 ELSE moved.stated_by END
)

-- name: move_attendances
UPDATE attendances AS moved SET person_id = $2
WHERE person_id = $1
    AND NOT EXISTS (SELECT FROM attendances AS kept WHERE kept.person_id = $2 AND kept.session_id = moved.session_id)

-- name: move_completions
UPDATE completions AS moved SET person_id = $2
WHERE person_id = $1 AND NOT EXISTS (SELECT FROM completions AS kept WHERE kept.person_id = $2 AND kept.code = moved.code)

-- name: move_showcase
UPDATE showcase AS moved SET person_id = $2
WHERE person_id = $1
    AND NOT EXISTS (SELECT FROM showcase AS kept WHERE kept.person_id = $2 AND kept.skill_id = moved.skill_id)

-- name: move_memberships
WITH gone AS (DELETE FROM group_members WHERE member_id = $1 RETURNING *)
INSERT INTO group_members (group_id, member_id, kind, place, display)
SELECT group_id, $2, kind, place, display FROM gone
ON CONFLICT DO NOTHING

-- name: move_reports
UPDATE accounts SET manager_id = $2 WHERE manager_id = $1

-- name: move_blocks
-- Whoever keeps away from the one keeps away from the other.
WITH blockers AS (
    SELECT person_id FROM people
    WHERE not_with && ARRAY[$1::uuid] AND not_with <> '{}' AND person_id NOT IN ($1, $2::uuid)
    ORDER BY person_id FOR UPDATE
)
UPDATE people SET stale = true, profile = jsonb_set(profile, '{not_with}', (
    SELECT to_jsonb(array_agg(DISTINCT CASE WHEN named = $1 THEN $2 ELSE named END)) FROM unnest(people.not_with) AS named
))
FROM blockers WHERE people.person_id = blockers.person_id

-- name: keep_profile
UPDATE people SET profile = $2, stale = true WHERE person_id = $1

-- name: forget_person
-- No service is asked for a receipt: nobody has asked to be forgotten, and what was known of them lives on.
WITH known AS (DELETE FROM people WHERE person_id = $1)
INSERT INTO erasures (request_id, person_id, closed_at) VALUES ($2, $1, now())
