-- Security event tokens in and out.

-- name: announce
INSERT INTO scim_events (subscriber, jti, person_id, kind)
SELECT subscriber, gen_random_uuid(), person_id, kind
FROM scim_subscribers CROSS JOIN unnest($1::uuid[], $2::text[]) AS told (person_id, kind)

-- name: take
-- False when it came before.
INSERT INTO scim_received (issuer, jti) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true

-- name: prune_received
WITH gone AS (DELETE FROM scim_received WHERE received_at < now() - interval '35 days' RETURNING 1)
SELECT count(*) FROM gone

-- name: subscribe
INSERT INTO scim_subscribers (subscriber) VALUES ($1) ON CONFLICT (subscriber) DO UPDATE SET polled_at = now()

-- name: acknowledge
DELETE FROM scim_events WHERE subscriber = $1 AND jti = ANY ($2::uuid[])

-- name: waiting
SELECT jti, at, person_id, kind FROM scim_events WHERE subscriber = $1 ORDER BY at, jti LIMIT $2

-- name: prune_subscribers
-- Who has not asked for a week has to read everything anew anyway.
WITH gone AS (DELETE FROM scim_subscribers WHERE polled_at < now() - interval '7 days' RETURNING 1)
SELECT count(*) FROM gone
