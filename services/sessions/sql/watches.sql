-- Whoever wants to know when a full session has a seat again.

-- name: watch
INSERT INTO watches (session_id, person_id, attends) VALUES ($1, $2, $3)
ON CONFLICT (session_id, person_id) DO UPDATE SET freed_at = NULL, attends = excluded.attends

-- name: unwatch
DELETE FROM watches WHERE session_id = $1 AND person_id = $2 RETURNING true

-- name: seat_freed
-- Locked sessions with a seat, of the kind that is wanted, that nobody on the waitlist has taken: whoever watches is told
-- once, until they watch again.
WITH freed AS (
    UPDATE watches AS w SET freed_at = now()
    FROM sessions AS s
    WHERE w.session_id = ANY ($1::uuid[]) AND w.freed_at IS NULL AND s.session_id = w.session_id
      AND s.state = 'scheduled' AND free_seats(s, w.attends, $2::text[]) > 0
    RETURNING w.person_id, w.session_id, w.attends, s.starts_at
)
INSERT INTO messages (person_id, kind, subject_id, sequence, about, expires_at)
SELECT person_id, 'free_seat', session_id, extract(epoch FROM now())::bigint / 60, coalesce(attends, ''), starts_at
FROM freed
ON CONFLICT DO NOTHING

-- name: list_watches
SELECT w.session_id, s.starts_at, w.attends, w.freed_at, free_seats(s, w.attends, $2::text[]) AS free_seats
FROM watches AS w JOIN sessions AS s USING (session_id)
WHERE w.person_id = $1 AND s.starts_at > now() AND ($3::uuid IS NULL OR w.session_id > $3)
ORDER BY w.session_id LIMIT $4
