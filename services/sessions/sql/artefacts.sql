-- What formats require and people write.

-- name: write
INSERT INTO artefacts AS a (group_id, session_id, kind, version, content, written_by) VALUES ($1, $2, $3, 1, $4, $5)
ON CONFLICT (group_id, session_id, kind) DO UPDATE SET
    version = a.version + 1, content = excluded.content, written_by = excluded.written_by, written_at = now()
RETURNING kind, version, content, written_by, written_at, session_id

-- name: list_artefacts
-- A session's own and its group's, or ($2 null) the group's alone.
SELECT kind, version, content, written_by, written_at, session_id FROM artefacts
WHERE group_id = $1 AND (session_id IS NULL OR session_id = $2)
ORDER BY kind, session_id NULLS FIRST

-- name: facts
-- What can be seen of a session without anybody writing it down.
SELECT ARRAY(
           SELECT DISTINCT a.kind FROM artefacts AS a
           WHERE a.group_id = s.group_id AND (a.session_id IS NULL OR a.session_id = s.session_id)
       ) AS written,
       jsonb_array_length(p.goals) > 0 AS goals,
       NOT EXISTS (
           SELECT FROM group_members AS m WHERE m.group_id = s.group_id AND m.role <> 'facilitator' AND NOT EXISTS (
               SELECT FROM acknowledgements AS k WHERE k.group_id = m.group_id AND k.person_id = m.person_id
           )
       ) AS agreed,
       g.recurrence IS NOT NULL OR (SELECT count(*) FROM sessions AS o WHERE o.group_id = s.group_id) > 1 AS recurs,
       ARRAY(
           SELECT DISTINCT f.job_function FROM group_members AS m JOIN people AS f USING (person_id)
           WHERE m.group_id = s.group_id AND m.role <> 'facilitator'
       ) AS functions,
       EXISTS (SELECT FROM rooms AS r WHERE r.session_id = s.session_id) AS rooms,
       g.kind = 'log' AND s.state = 'held' AS confirmed
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE s.session_id = $1

-- name: attended_and_not_held
SELECT session_id FROM sessions WHERE group_id = $1 AND state = 'scheduled' AND attendance_recorded ORDER BY session_id

-- name: note_attendance
-- Returns a row where this is news: the first record, or another beginning.
UPDATE sessions SET attendance_recorded = true, began_at = coalesce($2, began_at)
WHERE session_id = $1 AND (NOT attendance_recorded OR $2 IS DISTINCT FROM began_at AND $2 IS NOT NULL)
RETURNING session_id

-- name: scope_of_session
SELECT s.group_id, g.founded_by, g.facilitator_id, p.confidentiality,
       EXISTS (SELECT FROM participants AS t WHERE t.session_id = s.session_id AND t.person_id = $2)
           OR EXISTS (SELECT FROM group_members AS m WHERE m.group_id = s.group_id AND m.person_id = $2) AS takes_part
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE s.session_id = $1

-- name: scope_of_group
SELECT g.group_id, g.founded_by, g.facilitator_id, p.confidentiality,
       EXISTS (SELECT FROM group_members AS m WHERE m.group_id = g.group_id AND m.person_id = $2) AS takes_part
FROM groups AS g JOIN programmes AS p USING (programme_id) WHERE g.group_id = $1

-- name: tick
INSERT INTO checklists (session_id, playbook, done) VALUES ($1, $2, $3)
ON CONFLICT (session_id) DO UPDATE SET playbook = excluded.playbook, done = excluded.done

-- name: get_checklist
SELECT playbook, done FROM checklists WHERE session_id = $1

-- name: forget_rooms
DELETE FROM rooms WHERE session_id = $1

-- name: list_rooms
SELECT r.round, r.room, array_agg(r.person_id ORDER BY r.person_id) AS people
FROM rooms AS r WHERE r.session_id = $1 GROUP BY r.round, r.room ORDER BY r.round, r.room

-- name: divisions_of
SELECT t.person_id, coalesce(p.division, 'none') AS division
FROM participants AS t LEFT JOIN people AS p USING (person_id)
WHERE t.session_id = $1 AND t.state IN ('registered', 'attended') ORDER BY t.person_id
