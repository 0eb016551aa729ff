-- Webhooks and their deliveries.

-- name: insert
INSERT INTO webhooks (webhook_id, url, types, secret) VALUES ($1, $2, $3, $4)
RETURNING webhook_id, version, url, types, state, why, created_at

-- name: list
SELECT webhook_id, version, url, types, state, why, created_at FROM webhooks
WHERE ($1::uuid IS NULL OR webhook_id = $1) AND ($2::uuid IS NULL OR webhook_id > $2)
ORDER BY webhook_id LIMIT $3

-- name: lock
SELECT webhook_id, version, url, types, state, why, created_at FROM webhooks WHERE webhook_id = $1 FOR UPDATE

-- name: change
UPDATE webhooks SET url = $2, types = $3, state = $4, why = CASE $4 WHEN 'active' THEN NULL ELSE why END,
    version = version + 1
WHERE webhook_id = $1 RETURNING webhook_id, version, url, types, state, why, created_at

-- name: rotate
UPDATE webhooks SET old_secret = secret, old_secret_until = now() + interval '24 hours', secret = $2,
    version = version + 1
WHERE webhook_id = $1 RETURNING version

-- name: delete
DELETE FROM webhooks WHERE webhook_id = $1 RETURNING true

-- name: active
SELECT webhook_id, types FROM webhooks WHERE state = 'active'

-- name: confidentialities
SELECT programme_id, confidentiality FROM programmes WHERE programme_id = ANY ($1::uuid[])

-- name: queue
INSERT INTO webhook_deliveries (webhook_id, event_id, event_type, occurred_at, body)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::bytea[])
ON CONFLICT DO NOTHING

-- name: claim
-- A few of each: one that is slow or dead holds up no other.
WITH due AS (
    SELECT d.webhook_id, d.event_id
    FROM webhooks AS w CROSS JOIN LATERAL (
        SELECT webhook_id, event_id FROM webhook_deliveries
        WHERE webhook_id = w.webhook_id AND state = 'queued' AND due_at <= now()
          AND (claimed_at IS NULL OR claimed_at < now() - interval '2 minutes')
        ORDER BY due_at LIMIT 10 FOR UPDATE SKIP LOCKED
    ) AS d
    WHERE w.state = 'active'
)
UPDATE webhook_deliveries AS d SET claimed_at = now(), attempts = d.attempts + 1
FROM due JOIN webhooks AS w USING (webhook_id)
WHERE d.webhook_id = due.webhook_id AND d.event_id = due.event_id
RETURNING d.webhook_id, d.event_id, d.body, d.attempts, w.url, w.secret,
          CASE WHEN w.old_secret_until > now() THEN w.old_secret END AS old_secret

-- name: settle
UPDATE webhook_deliveries AS d SET state = new.state, status = new.status, problem = new.problem, claimed_at = NULL,
    due_at = coalesce(new.due_at, d.due_at), ended_at = CASE WHEN new.state <> 'queued' THEN now() END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[], $6::timestamptz[])
    AS new (webhook_id, event_id, state, status, problem, due_at)
WHERE d.webhook_id = new.webhook_id AND d.event_id = new.event_id

-- name: disable
-- Gone, or silent since before the delivery that was given up.
UPDATE webhooks AS w SET state = 'disabled', why = new.why, version = w.version + 1
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS new (webhook_id, event_id, why)
WHERE w.webhook_id = new.webhook_id AND w.state = 'active' AND (new.why = 'gone' OR NOT EXISTS (
    SELECT FROM webhook_deliveries AS d, webhook_deliveries AS g
    WHERE g.webhook_id = new.webhook_id AND g.event_id = new.event_id
      AND d.webhook_id = new.webhook_id AND d.state = 'delivered' AND d.ended_at > g.occurred_at
))

-- name: replay
UPDATE webhook_deliveries SET state = 'queued', attempts = 0, due_at = now(), ended_at = NULL, problem = NULL
WHERE webhook_id = $1 AND state <> 'queued' AND occurred_at >= $2 AND ($3::text[] IS NULL OR event_id = ANY ($3))
  AND ($4::boolean OR state = 'failed')

-- name: list_deliveries
SELECT event_id, event_type, occurred_at, state, attempts, status, problem, due_at FROM webhook_deliveries
WHERE webhook_id = $1 AND ($2::text IS NULL OR state = $2)
  AND ($3::timestamptz IS NULL OR (occurred_at, event_id) > ($3, $4::text))
ORDER BY occurred_at, event_id LIMIT $5

-- name: prune
DELETE FROM webhook_deliveries WHERE ended_at < now() - interval '30 days'
