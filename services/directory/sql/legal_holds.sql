-- Legal holds.

-- name: lock_hold
SELECT version, held FROM legal_holds WHERE person_id = $1 FOR UPDATE

-- name: save_hold
INSERT INTO legal_holds (person_id, version, held, reference) VALUES ($1, $2, $3, $4)
ON CONFLICT (person_id) DO UPDATE
SET version = excluded.version, held = excluded.held, reference = excluded.reference

-- name: list_legal_holds
SELECT person_id, version, reference FROM legal_holds
WHERE held AND ($1::uuid IS NULL OR person_id > $1) ORDER BY person_id LIMIT $2
