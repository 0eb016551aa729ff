-- Keys of what must be unreadable for good one day.

-- name: use_key
-- One statement, so that an erasure and whoever seals take turns.
INSERT INTO subject_keys (subject, secret, wrapped_by) VALUES ($1, $2, $3)
ON CONFLICT (subject) DO UPDATE SET used_at = now()
RETURNING secret, wrapped_by

-- name: read_key
SELECT secret, wrapped_by FROM subject_keys WHERE subject = $1

-- name: destroy_keys
INSERT INTO subject_keys (subject) SELECT DISTINCT subject FROM unnest($1::bytea[]) AS given (subject) ORDER BY subject
ON CONFLICT (subject) DO UPDATE SET secret = NULL, wrapped_by = NULL

-- name: any_destroyed
SELECT EXISTS (SELECT FROM subject_keys WHERE subject = ANY ($1::bytea[]) AND secret IS NULL)

-- name: wrapping_keys_in_use
SELECT DISTINCT wrapped_by FROM subject_keys WHERE wrapped_by IS NOT NULL

-- name: to_wrap
SELECT subject, secret, wrapped_by FROM subject_keys
WHERE secret IS NOT NULL AND wrapped_by IS DISTINCT FROM $1 ORDER BY subject LIMIT $2 FOR UPDATE

-- name: wrap
UPDATE subject_keys AS known SET secret = given.secret, wrapped_by = $3
FROM unnest($1::bytea[], $2::bytea[]) AS given (subject, secret) WHERE known.subject = given.subject
