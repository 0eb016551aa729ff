-- Copies of one's data.

-- name: insert_export
INSERT INTO exports (request_id, person_id, expires_at, private_key)
VALUES ($1, $2, now() + make_interval(days => $3), $4)

-- name: running_export
-- A second request while the first one is still fresh is the first one.
SELECT request_id FROM exports
WHERE person_id = $1 AND requested_at > now() - interval '1 hour' AND expires_at > now()
ORDER BY requested_at DESC LIMIT 1

-- name: insert_parts
-- An answer that nobody waits for any longer changes nothing.
INSERT INTO export_parts (request_id, service, number, pieces, sealed)
SELECT told.* FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::text[])
    AS told (request_id, service, number, pieces, sealed)
JOIN exports USING (request_id)
ON CONFLICT DO NOTHING

-- name: get_export
SELECT request_id, person_id, requested_at, expires_at FROM exports WHERE request_id = $1 AND expires_at > now()

-- name: answered
-- Services whose every piece is here.
SELECT service FROM export_parts WHERE request_id = $1
GROUP BY service HAVING count(*) = max(pieces) ORDER BY service

-- name: get_key
SELECT private_key FROM exports WHERE request_id = $1

-- name: list_parts
SELECT service, sealed FROM export_parts WHERE request_id = $1 ORDER BY service, number

-- name: expire
DELETE FROM exports WHERE expires_at < now()

-- name: forget_exports
DELETE FROM exports WHERE person_id = ANY ($1::uuid[])
