-- Units, skills and programmes.

-- name: apply_units
INSERT INTO units AS kept (code, version, name, path)
SELECT code, version, name, path
FROM jsonb_to_recordset($1) AS incoming (code text, version int, name text, path text[])
ORDER BY code
ON CONFLICT (code) DO UPDATE SET version = excluded.version, name = excluded.name, path = excluded.path
WHERE kept.version < excluded.version

-- name: apply_skills
INSERT INTO skills AS kept (skill_id, version, label)
SELECT skill_id, version, label FROM jsonb_to_recordset($1) AS incoming (skill_id text, version int, label text)
ORDER BY skill_id
ON CONFLICT (skill_id) DO UPDATE SET version = excluded.version, label = excluded.label
WHERE kept.version < excluded.version

-- name: apply_programmes
INSERT INTO programmes AS kept (
    programme_id, version, status, name, format, audience_units, starts_on, ends_on, goals, confidentiality
)
SELECT programme_id, version, status, name, format, audience_units, starts_on, ends_on, goals, confidentiality
FROM jsonb_to_recordset($1) AS incoming (
    programme_id uuid, version int, status text, name text, format text, audience_units text[], starts_on date,
    ends_on date, goals jsonb, confidentiality text
)
ORDER BY programme_id
ON CONFLICT (programme_id) DO UPDATE SET
    version = excluded.version, status = excluded.status, name = excluded.name, format = excluded.format,
    audience_units = excluded.audience_units, starts_on = excluded.starts_on, ends_on = excluded.ends_on,
    goals = excluded.goals, confidentiality = excluded.confidentiality
WHERE kept.version < excluded.version

-- name: apply_formats
INSERT INTO formats (format) SELECT unnest($1::text[]) ORDER BY 1 ON CONFLICT DO NOTHING

-- name: unit_names
SELECT code AS cell, name AS label FROM units WHERE code = ANY ($1::text[])

-- name: programme_names
SELECT programme_id::text AS cell, name AS label FROM programmes WHERE programme_id::text = ANY ($1::text[])

-- name: unit_paths
SELECT code, path FROM units

-- name: unit_path
SELECT path FROM units WHERE code = $1

-- name: programme_known
SELECT EXISTS (SELECT FROM programmes WHERE programme_id = $1)

-- name: formats
SELECT format FROM formats ORDER BY format

-- name: programmes_with_goals
SELECT programme_id, name, starts_on, ends_on, goals FROM programmes
WHERE status <> 'draft' AND ($1::uuid IS NULL OR programme_id = $1) AND jsonb_array_length(goals) > 0
    AND ($2::uuid IS NULL OR programme_id > $2)
ORDER BY programme_id
LIMIT $3
