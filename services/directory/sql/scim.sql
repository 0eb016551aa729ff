-- What SCIM shows: each source has the same columns for its kind, so that one filter fits both. A filter or an order
-- is put around a source; the planner looks through it to the indexes below.

-- name: accounts
SELECT a.account_id AS id, a.user_name, a.external_id, a.display_name, a.emails,
       CASE WHEN a.laid_over THEN a.active ELSE (a.resource ->> 'active')::boolean END AS active,
       CASE WHEN starts_with(a.number, 'scim:') THEN NULL ELSE a.number END AS employee_number, a.number,
       a.created_at, a.changed_at, 'W/"v' || a.version || '"' AS tag,
       CASE
           WHEN a.laid_over THEN (SELECT scim_user(p) FROM people AS p WHERE p.person_id = a.account_id) || a.resource
           ELSE a.resource
       END AS resource
FROM accounts AS a
WHERE a.removed_at IS NULL

-- name: people
SELECT p.person_id AS id, p.email AS user_name, NULL::text AS external_id, p.display_name, p.status <> 'left' AS active,
       p.employee_number, p.employee_number AS number,
       coalesce(p.created_at, now()) AS created_at, coalesce(p.changed_at, now()) AS changed_at,
       'W/"h' || (extract(epoch FROM p.changed_at) * 1000000)::bigint || '"' AS tag, scim_user(p) AS resource
FROM people AS p
WHERE NOT EXISTS (SELECT FROM accounts WHERE account_id = p.person_id)

-- name: roles
SELECT g.group_id AS id, g.display_name, g.external_id, g.created_at, g.changed_at, 'W/"v' || g.version || '"' AS tag,
       jsonb_strip_nulls(jsonb_build_object(
           'schemas', jsonb_build_array('urn:ietf:params:scim:schemas:core:2.0:Group'),
           'displayName', g.display_name, 'externalId', g.external_id
       )) AS resource
FROM groups AS g

-- name: units
SELECT md5('unit:' || u.code)::uuid AS id, u.name AS display_name, u.code AS external_id,
       u.valid_from::timestamptz AS created_at, u.valid_from::timestamptz AS changed_at,
       'W/"v' || u.version || '"' AS tag,
       jsonb_build_object(
           'schemas', jsonb_build_array('urn:ietf:params:scim:schemas:core:2.0:Group'),
           'displayName', u.name, 'externalId', u.code
       ) AS resource
FROM units AS u

-- name: members
-- Whom groups hold: members of roles, and the people of units themselves, who have not left.
SELECT group_id, member_id, kind, place, display FROM group_members WHERE group_id = ANY ($1::uuid[])
UNION ALL
SELECT md5('unit:' || u.code)::uuid, p.person_id, 'User', 0, NULL
FROM units AS u JOIN people AS p ON p.unit_code = u.code
WHERE md5('unit:' || u.code)::uuid = ANY ($1::uuid[]) AND p.status <> 'left'
  AND NOT EXISTS (SELECT FROM accounts WHERE account_id = p.person_id AND removed_at IS NOT NULL)
ORDER BY 1, 4, 2

-- name: memberships
-- The groups that hold these people.
SELECT member_id, group_id, g.display_name AS display
FROM group_members JOIN groups AS g USING (group_id)
WHERE member_id = ANY ($1::uuid[])
UNION ALL
SELECT p.person_id, md5('unit:' || u.code)::uuid, u.name
FROM people AS p JOIN units AS u ON u.code = p.unit_code
WHERE p.person_id = ANY ($1::uuid[]) AND p.status <> 'left'
ORDER BY 1, 3, 2
