-- An organization's own formats, and playbooks after the first version.

-- name: own_formats
SELECT name, based_on, rules FROM formats ORDER BY name

-- name: insert_format
INSERT INTO formats (name, based_on, rules) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true

-- name: get_playbook
-- The version asked for, or the newest one.
SELECT format, version, steps FROM playbooks
WHERE format = $1 AND ($2::int IS NULL OR version = $2)
ORDER BY version DESC LIMIT 1

-- name: insert_playbook
INSERT INTO playbooks (format, version, steps) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true
