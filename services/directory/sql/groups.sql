-- Groups that an identity system provisions.

-- name: lock_group
SELECT version FROM groups WHERE group_id = $1 FOR UPDATE

-- name: is_unit
SELECT EXISTS (SELECT FROM units WHERE md5('unit:' || code)::uuid = $1)

-- name: save_group
INSERT INTO groups (group_id, version, created_at, changed_at, display_name, external_id)
VALUES ($1, 1, statement_timestamp(), statement_timestamp(), $2, $3)
ON CONFLICT (group_id) DO UPDATE SET
    version = groups.version + 1, changed_at = excluded.changed_at,
    display_name = excluded.display_name, external_id = excluded.external_id

-- name: kinds_of_members
-- Those of these ids that are somebody's or a group's.
SELECT wanted AS member_id, CASE WHEN EXISTS (SELECT FROM groups WHERE group_id = wanted) THEN 'Group' ELSE 'User' END AS kind
FROM unnest($1::uuid[]) AS wanted
WHERE EXISTS (SELECT FROM accounts WHERE account_id = wanted AND removed_at IS NULL)
   OR EXISTS (SELECT FROM people WHERE person_id = wanted)
   OR EXISTS (SELECT FROM groups WHERE group_id = wanted)

-- name: set_members
WITH wanted AS (
    SELECT * FROM unnest($2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY AS member (member_id, kind, display, place)
), gone AS (
    DELETE FROM group_members WHERE group_id = $1 AND member_id NOT IN (SELECT member_id FROM wanted)
)
INSERT INTO group_members AS member (group_id, member_id, kind, display, place)
SELECT $1, member_id, kind, display, place FROM wanted
ON CONFLICT (group_id, member_id) DO UPDATE SET place = excluded.place, display = excluded.display
WHERE (member.place, member.display) IS DISTINCT FROM (excluded.place, excluded.display)

-- name: delete_group
WITH gone AS (DELETE FROM group_members WHERE member_id = $1)
DELETE FROM groups WHERE group_id = $1
