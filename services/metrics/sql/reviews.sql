-- Review cycles of programmes.

-- name: programme
SELECT name, starts_on, ends_on FROM programmes WHERE programme_id = $1 AND status <> 'draft'

-- name: add_review
INSERT INTO reviews (review_id, version, programme_id, measure, finding, change, changed_on, measure_on)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7)

-- name: lock_review
SELECT * FROM reviews WHERE review_id = $1 FOR UPDATE

-- name: conclude_review
UPDATE reviews SET version = version + 1, conclusion = $2, concluded_on = $3, measured = $4 WHERE review_id = $1

-- name: review
SELECT * FROM reviews WHERE review_id = $1

-- name: reviews
SELECT * FROM reviews
WHERE ($1::uuid IS NULL OR programme_id = $1) AND ($2::uuid IS NULL OR review_id > $2)
ORDER BY review_id
LIMIT $3
