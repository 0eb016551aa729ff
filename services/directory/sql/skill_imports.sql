-- Imports of a taxonomy, line by line.

-- name: insert_import
INSERT INTO skill_imports (import_id, format, language, lines) VALUES ($1, $2, $3, $4)

-- name: insert_lines
INSERT INTO skill_import_lines (import_id, line, entry, result, detail)
SELECT $1, * FROM unnest($2::int[], $3::jsonb[], $4::text[], $5::text[])

-- name: lock_open_import
SELECT import_id, format, language FROM skill_imports
WHERE done_at IS NULL ORDER BY created_at, import_id LIMIT 1 FOR UPDATE

-- name: waiting_lines
SELECT line, entry FROM skill_import_lines WHERE import_id = $1 AND result IS NULL ORDER BY line LIMIT $2

-- name: answer_lines
UPDATE skill_import_lines AS kept SET result = told.result, detail = told.detail, entry = NULL
FROM unnest($2::int[], $3::text[], $4::text[]) AS told (line, result, detail)
WHERE kept.import_id = $1 AND kept.line = told.line

-- name: finish_import
UPDATE skill_imports SET done_at = now(), version = version + 1 WHERE import_id = $1

-- name: get_import
SELECT import_id, version, format, language, lines, created_at, done_at,
       (SELECT count(*) FROM skill_import_lines AS line WHERE line.import_id = $1 AND result IS NULL) AS waiting,
       (SELECT coalesce(jsonb_object_agg(result, number), '{}') FROM (
           SELECT result, count(*) AS number FROM skill_import_lines AS line
           WHERE line.import_id = $1 AND result IS NOT NULL GROUP BY result
       ) AS counted) AS results
FROM skill_imports WHERE import_id = $1

-- name: list_imports
SELECT import_id, version, format, language, lines, created_at, done_at FROM skill_imports
WHERE $1::timestamptz IS NULL OR (created_at, import_id) < ($1, $2::uuid)
ORDER BY created_at DESC, import_id DESC LIMIT $3

-- name: list_lines
SELECT line, result, detail FROM skill_import_lines
WHERE import_id = $1 AND line > $2 AND ($3::text IS NULL OR result = $3) AND result IS NOT NULL
ORDER BY line LIMIT $4

-- name: prune_imports
DELETE FROM skill_imports WHERE done_at < now() - interval '90 days'
