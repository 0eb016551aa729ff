-- name: lock_rules
SELECT programme_id FROM programmes WHERE programme_id = $1 FOR UPDATE

-- name: insert_rules
INSERT INTO rules (programme_id, version, rules, changed_by) VALUES ($1, $2, $3, $4)

-- name: current_rules
SELECT * FROM rules WHERE programme_id = $1 ORDER BY version DESC LIMIT 1

-- name: versions
SELECT * FROM rules WHERE programme_id = $1 AND ($2::int IS NULL OR version < $2) ORDER BY version DESC LIMIT $3
