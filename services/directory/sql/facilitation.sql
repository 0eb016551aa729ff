-- What makes a facilitator ready.

-- name: lock_checklist
SELECT version FROM checklist_version FOR UPDATE

-- name: count_checklist
UPDATE checklist_version SET version = version + 1

-- name: checklist_version
SELECT version FROM checklist_version

-- name: list_items
SELECT code, title, kind, required FROM checklist ORDER BY place, code

-- name: forget_items
DELETE FROM checklist

-- name: insert_items
INSERT INTO checklist (code, place, title, kind, required)
SELECT * FROM unnest($1::text[], $2::smallint[], $3::text[], $4::text[], $5::boolean[])

-- name: person_items
SELECT code, title, kind, required, completed_on
FROM checklist LEFT JOIN (SELECT code, completed_on FROM completions WHERE person_id = $1) AS done USING (code)
ORDER BY place, code

-- name: save_completions
-- The latest of each counts; only those who are here have any. Returns whose were new or renewed.
INSERT INTO completions (person_id, code, completed_on)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::date[]) AS told (person_id, code, completed_on)
ORDER BY person_id, code
ON CONFLICT (person_id, code) DO UPDATE SET completed_on = excluded.completed_on
WHERE completions.completed_on < excluded.completed_on
RETURNING person_id, code

-- name: find_people
SELECT employee_number, person_id FROM people WHERE employee_number = ANY ($1::text[]) AND status <> 'left'
ORDER BY person_id FOR UPDATE

-- name: delete_completion
DELETE FROM completions WHERE person_id = $1 AND code = $2
