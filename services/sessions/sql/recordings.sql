-- Asked before anything is recorded.

-- name: ask
INSERT INTO recordings (session_id, version, purpose, asked_by) VALUES ($1, 1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true

-- name: get_recording
SELECT session_id, version, purpose, link FROM recordings WHERE session_id = $1

-- name: lock_recording
SELECT session_id, version, purpose, link FROM recordings WHERE session_id = $1 FOR UPDATE

-- name: answer
INSERT INTO recording_consents AS c (session_id, person_id, answer, version) VALUES ($1, $2, $3, 1)
ON CONFLICT (session_id, person_id) DO UPDATE SET answer = excluded.answer, version = c.version + 1
WHERE c.answer <> excluded.answer
RETURNING version

-- name: answers
SELECT person_id, answer FROM recording_consents WHERE session_id = $1 ORDER BY person_id

-- name: expected
SELECT person_id FROM participants
WHERE session_id = $1 AND (state IN ('registered', 'attended') OR role = 'facilitator') ORDER BY person_id

-- name: link
UPDATE recordings SET link = $2, version = version + 1 WHERE session_id = $1

-- name: unlink
-- A consent that is taken back takes the recording with it.
UPDATE recordings SET link = NULL, version = version + 1 WHERE session_id = $1 AND link IS NOT NULL
