-- Who asked to be forgotten, and which services have done so.

-- name: insert_erasures
INSERT INTO erasures (request_id, person_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])

-- name: insert_receipts
-- A receipt that nobody asked for, or that came before, changes nothing.
INSERT INTO erasure_receipts (request_id, service, rows)
SELECT told.* FROM unnest($1::uuid[], $2::text[], $3::int[]) AS told (request_id, service, rows)
JOIN erasures USING (request_id)
ON CONFLICT DO NOTHING

-- name: erasure_of_person
SELECT request_id FROM erasures WHERE person_id = $1

-- name: get_erasure
SELECT request_id, person_id, requested_at FROM erasures WHERE request_id = $1

-- name: list_receipts
SELECT service, rows, completed_at FROM erasure_receipts WHERE request_id = $1 ORDER BY service

-- name: long_gone
SELECT employee_number FROM people
WHERE status = 'left' AND effective_at < $1
  AND NOT EXISTS (SELECT FROM legal_holds AS h WHERE h.held AND h.person_id = people.person_id)
ORDER BY employee_number LIMIT $2

-- name: oldest_waiting
SELECT coalesce(extract(epoch FROM now() - min(requested_at)), 0)::float8 FROM erasures
WHERE closed_at IS NULL

-- name: close_answered
UPDATE erasures AS e SET closed_at = now()
WHERE closed_at IS NULL
  AND $1::text[] <@ (SELECT array_agg(service) FROM erasure_receipts AS r WHERE r.request_id = e.request_id)
