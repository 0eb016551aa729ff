-- Templates of programmes: every version stays.

-- name: newest
SELECT DISTINCT ON (name) name, version, title, purpose, days, goals, fields FROM programme_templates
ORDER BY name, version DESC

-- name: get
-- The version asked for, or the newest one.
SELECT name, version, title, purpose, days, goals, fields FROM programme_templates
WHERE name = $1 AND ($2::int IS NULL OR version = $2)
ORDER BY version DESC LIMIT 1

-- name: insert
INSERT INTO programme_templates (name, version, title, purpose, days, goals, fields)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING true
