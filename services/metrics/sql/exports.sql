-- Files of measures and how far they are.

-- name: add_export
INSERT INTO exports (export_id, requested_by, format, measures, by, starts_on, ends_on, k)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: next_export
-- The one that has waited longest; what had to be counted first is looked at again after a while.
SELECT * FROM exports
WHERE finished_at IS NULL AND (tried_at IS NULL OR tried_at < now() - interval '20 seconds')
ORDER BY coalesce(tried_at, requested_at) LIMIT 1

-- name: put_off
UPDATE exports SET tried_at = now(), done = 0 WHERE export_id = $1

-- name: give_up
UPDATE exports SET failed = true, finished_at = now() WHERE export_id = $1

-- name: note_progress
UPDATE exports SET done = $2 WHERE export_id = $1

-- name: finish_export
UPDATE exports SET content = $2, done = cardinality(measures), finished_at = now() WHERE export_id = $1

-- name: drop_old
DELETE FROM exports WHERE requested_at < now() - interval '7 days'

-- name: export
SELECT export_id, requested_at, format, measures, by, starts_on, ends_on, done, cardinality(measures) AS total,
    CASE WHEN failed THEN 'failed' WHEN finished_at IS NOT NULL THEN 'done' WHEN done > 0 THEN 'running' ELSE 'queued' END AS state, finished_at
FROM exports WHERE export_id = $1 AND requested_by = $2

-- name: content
SELECT format, content, failed FROM exports WHERE export_id = $1 AND requested_by = $2

-- name: link_key
-- The key its links are signed with, made with the first; a link ends with its file at the latest.
UPDATE exports SET link_key = coalesce(link_key, $3) WHERE export_id = $1 AND requested_by = $2 AND content IS NOT NULL
RETURNING link_key, requested_at + interval '7 days' AS dropped_at

-- name: linked_content
SELECT format, content, link_key FROM exports WHERE export_id = $1
