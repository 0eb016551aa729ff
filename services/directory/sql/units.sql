-- Org units and their tree.

-- name: lock_units
SELECT * FROM units WHERE code = ANY ($1::text[]) ORDER BY code FOR UPDATE

-- name: parents_above
-- The tree from these units to the top, each unit once.
WITH RECURSIVE line AS (
    SELECT code, parent_code FROM units WHERE code = ANY ($1::text[])
    UNION
    SELECT parent.code, parent.parent_code FROM line JOIN units AS parent ON parent.code = line.parent_code
)
SELECT code, parent_code FROM line WHERE parent_code IS NOT NULL

-- name: upsert_units
INSERT INTO units (code, version, sequence, name, parent_code, head_employee_number, valid_from, valid_to, path)
SELECT code, 0, sequence, name, parent_code, head, valid_from, valid_to, ARRAY[code]
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::date[], $7::date[])
    AS unit (code, sequence, name, parent_code, head, valid_from, valid_to)
ON CONFLICT (code) DO UPDATE SET
    sequence = excluded.sequence,
    name = excluded.name,
    parent_code = excluded.parent_code,
    head_employee_number = excluded.head_employee_number,
    valid_from = excluded.valid_from,
    valid_to = excluded.valid_to
WHERE units.sequence < excluded.sequence

-- name: forget_heads
UPDATE units SET head_employee_number = NULL WHERE head_employee_number = ANY ($1::text[])

-- name: move_subtrees
-- Derive the paths of these units and of all below them; returns those whose path is another one now.
WITH RECURSIVE below AS (
    SELECT code FROM units WHERE code = ANY ($1::text[])
    UNION
    SELECT child.code FROM below JOIN units AS child ON child.parent_code = below.code
), way AS (
    SELECT code, parent_code AS next, ARRAY[code] AS path FROM units WHERE code IN (SELECT code FROM below)
    UNION ALL
    SELECT way.code, parent.parent_code, parent.code || way.path
    FROM way JOIN units AS parent ON parent.code = way.next
), whole AS (
    SELECT DISTINCT ON (code) code, path FROM way ORDER BY code, cardinality(path) DESC
)
UPDATE units SET path = whole.path
FROM whole WHERE units.code = whole.code AND units.path <> whole.path
RETURNING units.code

-- name: next_versions
UPDATE units SET version = version + 1 WHERE code = ANY ($1::text[]) RETURNING *

-- name: paths
SELECT code, path FROM units WHERE code = ANY ($1::text[])

-- name: get_unit
SELECT units.*, head.person_id AS head_id
FROM units LEFT JOIN people AS head ON head.employee_number = units.head_employee_number AND head.status <> 'left'
WHERE code = $1

-- name: list_units
SELECT units.*, head.person_id AS head_id
FROM units LEFT JOIN people AS head ON head.employee_number = units.head_employee_number AND head.status <> 'left'
WHERE $1::text IS NULL OR code > $1
ORDER BY code LIMIT $2
