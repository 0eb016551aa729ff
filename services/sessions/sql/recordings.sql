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
-- Who is or may be there: of a group that is not open everybody is expected who has not declined, until it is known who
-- came.
SELECT t.person_id FROM participants AS t JOIN sessions AS s USING (session_id) JOIN groups AS g USING (group_id)
WHERE t.session_id = $1 AND (
    t.state IN ('registered', 'attended') OR t.role IN ('facilitator', 'host')
    OR t.state = 'invited' AND NOT s.attendance_recorded AND g.membership IS DISTINCT FROM 'open'
)
ORDER BY t.person_id

-- name: link
UPDATE recordings SET link = $2, version = version + 1 WHERE session_id = $1

-- name: unlink
-- A consent that is taken back takes the recording with it.
UPDATE recordings SET link = NULL, version = version + 1 WHERE session_id = $1 AND link IS NOT NULL
