-- What is declared of programmes.

-- name: lock_figure
SELECT version FROM declared_figures WHERE programme_id = $1 AND name = $2 FOR UPDATE

-- name: add_figure
INSERT INTO declared_figures (programme_id, name, version, measure, declared_on, said)
VALUES ($1, $2, 1, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING version

-- name: replace_figure
UPDATE declared_figures SET version = version + 1, measure = $3, declared_on = $4, said = $5
WHERE programme_id = $1 AND name = $2

-- name: figures
SELECT programme_id, name, version, measure, declared_on, said FROM declared_figures
WHERE programme_id = $1 AND ($2::text IS NULL OR name > $2)
ORDER BY name
LIMIT $3

-- name: figure
SELECT programme_id, name, version, measure, declared_on, said FROM declared_figures
WHERE programme_id = $1 AND name = $2
