-- Answers to pressed buttons, on their way back into a chat.

-- name: queue
INSERT INTO chat_answers (person_id, url, content) VALUES ($1, $2, $3)

-- name: expire
DELETE FROM chat_answers WHERE expires_at <= now()

-- name: claim
-- Whoever has claimed one has a minute: if they die in the act it is tried once more, and shown twice at the worst.
UPDATE chat_answers SET attempts = attempts + 1, due_at = now() + interval '1 minute'
WHERE answer_id IN (SELECT answer_id FROM chat_answers WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING answer_id, url, content, attempts

-- name: delete
DELETE FROM chat_answers WHERE answer_id = ANY ($1::uuid[])

-- name: postpone
UPDATE chat_answers AS a SET due_at = now() + new.seconds * interval '1 second'
FROM unnest($1::uuid[], $2::float8[]) AS new (answer_id, seconds) WHERE a.answer_id = new.answer_id

-- name: clock_of
SELECT time_zone FROM people WHERE person_id = $1
