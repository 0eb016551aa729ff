-- What people say of their own time.

-- name: get_availability
SELECT a.version, a.weekly_minutes FROM availability AS a WHERE a.person_id = $1

-- name: get_busy
SELECT starts_at, ends_at FROM busy_times WHERE person_id = $1 ORDER BY starts_at, ends_at

-- name: save_availability
INSERT INTO availability AS a (person_id, version, weekly_minutes) VALUES ($1, 1, $2)
ON CONFLICT (person_id) DO UPDATE SET version = a.version + 1, weekly_minutes = excluded.weekly_minutes

-- name: touch_availability
INSERT INTO availability AS a (person_id, version) VALUES ($1, 1)
ON CONFLICT (person_id) DO UPDATE SET version = a.version + 1

-- name: forget_busy_between
DELETE FROM busy_times WHERE person_id = $1 AND starts_at >= $2 AND starts_at < $3

-- name: own_sessions
-- What stands in somebody's calendar because of us.
SELECT s.starts_at, s.ends_at FROM participants AS t JOIN sessions AS s USING (session_id)
WHERE t.person_id = $1 AND s.state = 'scheduled' AND t.state NOT IN ('cancelled_early', 'cancelled_late')
  AND s.ends_at > $2 AND s.starts_at < $3

-- name: forget_busy
DELETE FROM busy_times WHERE person_id = $1

-- name: insert_busy
INSERT INTO busy_times (person_id, starts_at, ends_at)
SELECT DISTINCT $1::uuid, new.starts_at, new.ends_at
FROM unnest($2::timestamptz[], $3::timestamptz[]) AS new (starts_at, ends_at)

-- name: prune_busy
DELETE FROM busy_times WHERE ends_at < now() - interval '1 day'
