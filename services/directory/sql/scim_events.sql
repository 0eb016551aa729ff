-- Security event tokens in and out.

-- name: announce
INSERT INTO scim_events (subscriber, jti, person_id, kind)
SELECT subscriber, gen_random_uuid(), person_id, kind
FROM scim_subscribers CROSS JOIN unnest($1::uuid[], $2::text[]) AS told (person_id, kind)
WHERE feed_group IS NULL
   OR EXISTS (SELECT FROM group_members AS m WHERE m.group_id = feed_group AND m.member_id = told.person_id)

-- name: announce_groups
INSERT INTO scim_events (subscriber, jti, group_id, kind)
SELECT subscriber, gen_random_uuid(), told, $2
FROM scim_subscribers CROSS JOIN unnest($1::uuid[]) AS told WHERE feed_group IS NULL OR feed_group = told

-- name: announce_feed
-- Whom the role holds and these are not has gone; whom it does not hold yet has come.
INSERT INTO scim_events (subscriber, jti, person_id, kind)
SELECT subscriber, gen_random_uuid(), person_id, kind
FROM scim_subscribers CROSS JOIN (
    SELECT member_id AS person_id, 'feed_remove' AS kind FROM group_members
    WHERE group_id = $1 AND kind = 'User' AND member_id <> ALL ($2::uuid[])
    UNION ALL
    SELECT new.id, 'feed_add' FROM unnest($2::uuid[]) AS new (id)
    WHERE NOT EXISTS (SELECT FROM group_members AS m WHERE m.group_id = $1 AND m.member_id = new.id)
      AND NOT EXISTS (SELECT FROM groups WHERE groups.group_id = new.id)
) AS told
WHERE feed_group = $1

-- name: set_feed
INSERT INTO scim_subscribers (subscriber, feed_group) VALUES ($1, $2)
ON CONFLICT (subscriber) DO UPDATE SET feed_group = $2, polled_at = now()

-- name: announce_members
INSERT INTO scim_events (subscriber, jti, person_id, kind)
SELECT $1, gen_random_uuid(), member_id, 'feed_add' FROM group_members WHERE group_id = $2 AND kind = 'User'

-- name: get_feed
SELECT feed_group FROM scim_subscribers WHERE subscriber = $1

-- name: account_known_as
UPDATE accounts SET sent_as = $2 WHERE account_id = $1 AND sent_as IS DISTINCT FROM $2

-- name: group_known_as
UPDATE groups SET sent_as = $2 WHERE group_id = $1 AND sent_as IS DISTINCT FROM $2

-- name: named_by_sender
-- Whose ids these are with the sender of event tokens, among accounts, groups, or both.
SELECT sent_as, account_id AS id FROM accounts WHERE sent_as = ANY ($1::text[]) AND $2 <> 'Groups'
UNION ALL
SELECT sent_as, group_id FROM groups WHERE sent_as = ANY ($1::text[]) AND $2 <> 'Users'

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
SELECT jti, at, person_id, group_id, kind, state FROM scim_events WHERE subscriber = $1 ORDER BY at, jti LIMIT $2

-- name: verify
-- One at a time: what still waits of an earlier question is replaced.
WITH gone AS (DELETE FROM scim_events WHERE subscriber = $1 AND kind = 'verification')
INSERT INTO scim_events (subscriber, jti, kind, state) VALUES ($1, gen_random_uuid(), 'verification', $2)

-- name: prune_subscribers
-- Who has not asked, or could not be told, for a week has to read everything anew anyway.
WITH stale AS (
    DELETE FROM scim_events AS e USING scim_subscribers AS s
    WHERE s.subscriber = e.subscriber AND s.endpoint IS NOT NULL AND e.at < now() - interval '7 days'
    RETURNING 1
), gone AS (
    DELETE FROM scim_subscribers WHERE endpoint IS NULL AND polled_at < now() - interval '7 days' RETURNING 1
)
SELECT (SELECT count(*) FROM stale) + (SELECT count(*) FROM gone)

-- name: set_push
-- A secret that is not given again stays.
INSERT INTO scim_subscribers (subscriber, endpoint, secret, state) VALUES ($1, $2, $3, $4)
ON CONFLICT (subscriber) DO UPDATE SET endpoint = $2, secret = coalesce($3, scim_subscribers.secret), state = $4,
    why = NULL, attempts = 0, due_at = now()

-- name: get_push
SELECT endpoint, state, why, attempts, due_at, secret IS NOT NULL AS has_secret,
       (SELECT count(*) FROM scim_events AS e WHERE e.subscriber = s.subscriber) AS waiting
FROM scim_subscribers AS s WHERE subscriber = $1 AND endpoint IS NOT NULL

-- name: end_push
UPDATE scim_subscribers SET endpoint = NULL, secret = NULL, state = 'enabled', why = NULL, polled_at = now()
WHERE subscriber = $1 AND endpoint IS NOT NULL RETURNING true

-- name: claim_pushes
-- The oldest tokens of each subscriber who is due; the lease runs out if nobody settles it.
WITH due AS (
    SELECT subscriber FROM scim_subscribers
    WHERE endpoint IS NOT NULL AND state = 'enabled' AND due_at <= now()
      AND EXISTS (SELECT FROM scim_events WHERE scim_events.subscriber = scim_subscribers.subscriber)
    ORDER BY due_at LIMIT 20 FOR UPDATE SKIP LOCKED
), leased AS (
    UPDATE scim_subscribers AS s SET due_at = now() + interval '2 minutes' FROM due
    WHERE s.subscriber = due.subscriber RETURNING s.subscriber, endpoint, secret, attempts
)
SELECT leased.*, e.* FROM leased CROSS JOIN LATERAL (
    SELECT jti, at, person_id, group_id, kind, state FROM scim_events WHERE subscriber = leased.subscriber ORDER BY at, jti LIMIT $1
) AS e

-- name: forget_pushed
DELETE FROM scim_events AS e USING unnest($1::text[], $2::uuid[]) AS told (subscriber, jti)
WHERE (e.subscriber, e.jti) = (told.subscriber, told.jti)

-- name: settle_pushes
UPDATE scim_subscribers AS s SET attempts = new.attempts, due_at = coalesce(new.due_at, s.due_at), why = new.why,
    state = CASE WHEN new.due_at IS NULL THEN 'paused' ELSE s.state END
FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::text[]) AS new (subscriber, attempts, due_at, why)
WHERE s.subscriber = new.subscriber
