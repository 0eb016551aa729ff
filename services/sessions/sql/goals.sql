-- Goals that were renewed.

-- name: keep
INSERT INTO goal_terms (programme_id, measure, due, baseline, target, result) VALUES ($1, $2, $3, $4, $5, $6)

-- name: list
SELECT measure, baseline, target, due, result, renewed_on FROM goal_terms
WHERE programme_id = $1 AND ($2::date IS NULL OR (due, measure) < ($2, $3))
ORDER BY due DESC, measure DESC LIMIT $4
