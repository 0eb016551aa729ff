-- Forget people in what keeps learning going.

-- name: count_rows
SELECT person_id, count(*)::int AS held FROM (
    SELECT person_id FROM accommodations
) AS held WHERE person_id = ANY ($1::uuid[]) GROUP BY person_id

-- name: forget
DELETE FROM accommodations WHERE person_id = ANY ($1::uuid[])
