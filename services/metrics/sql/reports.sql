-- Reports by mail.

-- name: subscribe
INSERT INTO report_subscriptions (
    subscription_id, person_id, subscriber, email, programme_id, cadence, next_at, ends_on
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
RETURNING subscription_id, email, programme_id, cadence, next_at, ends_on

-- name: subscriptions
SELECT subscription_id, email, programme_id, cadence, next_at, ends_on FROM report_subscriptions
WHERE subscriber = $1 AND ($2::uuid IS NULL OR subscription_id > $2)
ORDER BY subscription_id LIMIT $3

-- name: unsubscribe
DELETE FROM report_subscriptions WHERE subscription_id = $1 AND subscriber = $2 RETURNING subscription_id

-- name: unsubscribe_by_token
DELETE FROM report_subscriptions WHERE token = $1 RETURNING subscription_id

-- name: drop_ended
DELETE FROM report_subscriptions WHERE ends_on < current_date

-- name: due
SELECT subscription_id, cadence FROM report_subscriptions WHERE next_at <= now()
ORDER BY subscription_id FOR UPDATE SKIP LOCKED

-- name: queue
WITH moved AS (
    UPDATE report_subscriptions AS kept SET next_at = due.next_at
    FROM unnest($1::uuid[], $2::timestamptz[]) AS due (subscription_id, next_at)
    WHERE kept.subscription_id = due.subscription_id
    RETURNING kept.subscription_id
)
INSERT INTO report_mails (subscription_id) SELECT subscription_id FROM moved ORDER BY subscription_id

-- name: claim
WITH claimed AS (
    UPDATE report_mails SET attempts = attempts + 1, due_at = now() + interval '5 minutes'
    WHERE mail_id IN (
        SELECT mail_id FROM report_mails WHERE state = 'due' AND due_at <= now()
        ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
    )
    RETURNING mail_id, subscription_id, attempts
)
SELECT mail_id, attempts, email, programme_id, token, ends_on
FROM claimed JOIN report_subscriptions USING (subscription_id)
ORDER BY programme_id, mail_id

-- name: settle
UPDATE report_mails AS kept SET state = settled.state, detail = settled.detail, due_at = settled.due_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS settled (mail_id, state, detail, due_at)
WHERE kept.mail_id = settled.mail_id

-- name: erase
DELETE FROM report_subscriptions AS kept USING unnest($1::uuid[], $2::uuid[]) AS people (person_id, pseudonym)
WHERE kept.person_id = people.person_id
RETURNING people.person_id
