-- Programmes.

-- name: insert_programme
INSERT INTO programmes (
    programme_id, version, status, name, objective, sponsor_id, format, modality, confidentiality, audience_units, skills,
    group_size_min, group_size_max, cadence_days, session_minutes, starts_on, ends_on, backfill, goals, ground_rules
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)

-- name: update_programme
UPDATE programmes SET
    version = $2, status = $3, name = $4, objective = $5, sponsor_id = $6, format = $7, modality = $8,
    confidentiality = $9, audience_units = $10, skills = $11, group_size_min = $12, group_size_max = $13,
    cadence_days = $14, session_minutes = $15, starts_on = $16, ends_on = $17, backfill = $18, goals = $19,
    ground_rules = $20
WHERE programme_id = $1

-- name: lock_programme
SELECT * FROM programmes WHERE programme_id = $1 FOR UPDATE

-- name: get_programmes
SELECT * FROM programmes WHERE programme_id = ANY ($1::uuid[])

-- name: get_programme
SELECT * FROM programmes WHERE programme_id = $1 AND ($2::boolean OR status <> 'draft')

-- name: list_programmes
SELECT * FROM programmes
WHERE ($1::boolean OR status <> 'draft')
  AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR format = $3)
  AND ($4::uuid IS NULL OR programme_id > $4)
ORDER BY programme_id LIMIT $5
