-- name: lock_rules
SELECT programme_id FROM programmes WHERE programme_id = $1 FOR UPDATE

-- name: insert_rules
INSERT INTO rules (programme_id, version, rules, changed_by, one_site)
VALUES ($1, $2, $3::jsonb - 'one_site', $4, $5)

-- name: current_rules
SELECT rules.*, programme.format FROM rules JOIN programmes AS programme USING (programme_id)
WHERE programme_id = $1 ORDER BY rules.version DESC LIMIT 1

-- name: versions
SELECT rules.*, programme.format FROM rules JOIN programmes AS programme USING (programme_id)
WHERE programme_id = $1 AND ($2::int IS NULL OR rules.version < $2) ORDER BY rules.version DESC LIMIT $3
