-- Sessions. `told` columns are all that an event says.

-- name: lock_session
SELECT s.session_id, s.version, s.state, s.programme_id, s.group_id, g.match_id,
       coalesce(s.format, g.format, p.format) AS format,
       told_skill(p.confidentiality, g.skill_id) AS skill_id,
       told_courses(p.confidentiality, g.courses, s.courses) AS courses,
       s.starts_at, s.ends_at, s.capacity, s.facilitator_id
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE s.session_id = $1
FOR UPDATE OF s

-- name: lock_upcoming_of_groups
SELECT s.session_id, s.version, s.state, s.programme_id, s.group_id, g.match_id,
       coalesce(s.format, g.format, p.format) AS format,
       told_skill(p.confidentiality, g.skill_id) AS skill_id,
       told_courses(p.confidentiality, g.courses, s.courses) AS courses,
       s.starts_at, s.ends_at, s.capacity, s.facilitator_id, s.number,
       s.due_on, s.why, s.flag,
       s.facilitator_why, s.fixed OR s.moved AS fixed, p.stretch_minutes,
       least(s.due_on + p.cadence_days - 1, g.term_ends_on, p.ends_on) AS last_on
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE s.group_id = ANY ($1::uuid[]) AND s.state = 'scheduled' AND s.starts_at > $2
ORDER BY s.session_id FOR UPDATE OF s

-- name: lock_upcoming_of_people
SELECT s.session_id, s.version, s.state, s.programme_id, s.group_id, g.match_id,
       coalesce(s.format, g.format, p.format) AS format,
       told_skill(p.confidentiality, g.skill_id) AS skill_id,
       told_courses(p.confidentiality, g.courses, s.courses) AS courses,
       s.starts_at, s.ends_at, s.capacity, s.facilitator_id
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE s.state = 'scheduled' AND s.starts_at > $2 AND (
    s.facilitator_id = ANY ($1::uuid[])
    OR EXISTS (SELECT FROM participants AS t WHERE t.session_id = s.session_id AND t.person_id = ANY ($1::uuid[]))
)
ORDER BY s.session_id FOR UPDATE OF s

-- name: lock_with_people
SELECT s.session_id, s.version, s.state, s.programme_id, s.group_id, g.match_id,
       coalesce(s.format, g.format, p.format) AS format,
       told_skill(p.confidentiality, g.skill_id) AS skill_id,
       told_courses(p.confidentiality, g.courses, s.courses) AS courses,
       s.starts_at, s.ends_at, s.capacity, s.facilitator_id, s.why,
       s.flag, s.facilitator_why, g.founded_by,
       ARRAY(SELECT t.person_id FROM participants AS t
             WHERE t.session_id = s.session_id AND t.state IN ('invited', 'registered') ORDER BY t.person_id) AS people
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE s.session_id = $1 FOR UPDATE OF s

-- name: lock_log
SELECT s.session_id, s.group_id, s.state, g.reason FROM sessions AS s JOIN groups AS g USING (group_id)
WHERE s.session_id = $1 AND g.kind = 'log' FOR UPDATE OF s, g

-- name: is_attended
SELECT attendance_recorded FROM sessions WHERE session_id = $1

-- name: format_of
SELECT coalesce(s.format, g.format, p.format) AS format
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE s.session_id = $1

-- name: get_opening
-- Whether anybody of the audience may sign up, and what they accept by that.
SELECT s.open, g.kind, g.rules_version, EXISTS (
           SELECT FROM people AS p WHERE p.person_id = $2 AND in_audience(p, a)
       ) AS in_audience
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS a ON a.programme_id = s.programme_id
WHERE s.session_id = $1

-- name: list_open
-- Sessions somebody may sign up for and is not in yet.
SELECT s.session_id, s.programme_id, s.group_id,
       coalesce(s.format, g.format, a.format) AS format, s.title, a.modality, g.skill_id, s.starts_at, s.ends_at,
       s.capacity, greatest(0, s.capacity - taken.seats) AS free_seats,
       s.capacity_in_person - taken.in_person AS free_in_person, s.capacity_remote - taken.remote AS free_remote,
       g.rules_version, coalesce(s.place, g.place) AS place, coalesce(s.access, g.access) AS access
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS a ON a.programme_id = s.programme_id
JOIN people AS p ON p.person_id = $1
CROSS JOIN LATERAL (
    SELECT count(*) AS seats, count(*) FILTER (WHERE t.attends = 'in_person') AS in_person,
           count(*) FILTER (WHERE t.attends = 'remote') AS remote
    FROM participants AS t
    WHERE t.session_id = s.session_id AND t.state = 'registered' AND NOT t.role = ANY ($2::text[])
) AS taken
WHERE s.open AND s.state = 'scheduled' AND s.starts_at > now() AND in_audience(p, a)
  AND NOT EXISTS (SELECT FROM participants AS t WHERE t.session_id = s.session_id AND t.person_id = $1)
  AND ($3::timestamptz IS NULL OR (s.starts_at, s.session_id) > ($3, $4::uuid))
ORDER BY s.starts_at, s.session_id LIMIT $5

-- name: hold_session
-- Also tells what is known only now: when it began, and whether the facilitator was above somebody who was there.
UPDATE sessions AS s SET state = 'held', version = version + 1, changed_at = now() WHERE session_id = $1
RETURNING began_at, CASE WHEN facilitator_id IS NOT NULL THEN EXISTS (
    WITH RECURSIVE line AS (
        SELECT p.manager_id AS person_id FROM participants AS t JOIN people AS p USING (person_id)
        WHERE t.session_id = s.session_id AND t.person_id <> s.facilitator_id AND t.state = 'attended'
          AND p.manager_id IS NOT NULL
        UNION
        SELECT p.manager_id FROM line AS l JOIN people AS p USING (person_id) WHERE p.manager_id IS NOT NULL
    )
    SELECT FROM line WHERE line.person_id = s.facilitator_id
) END AS facilitator_above

-- name: cancel_sessions
-- $2: whether somebody has called them off.
UPDATE sessions SET state = 'cancelled', called_off = $2, version = version + 1, changed_at = now()
WHERE session_id = ANY ($1::uuid[])

-- name: reschedule_sessions
UPDATE sessions AS s SET starts_at = new.starts_at, ends_at = new.ends_at, facilitator_id = new.facilitator_id,
       why = new.why, flag = new.flag, facilitator_why = new.facilitator_why, version = s.version + 1,
       changed_at = now()
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[], $7::text[])
    AS new (session_id, starts_at, ends_at, facilitator_id, why, flag, facilitator_why)
WHERE s.session_id = new.session_id

-- name: note_moved
UPDATE sessions SET moved = true WHERE session_id = $1

-- name: note_occurrences
UPDATE sessions AS s SET occurrence = new.occurrence
FROM unnest($1::uuid[], $2::timestamp[]) AS new (session_id, occurrence) WHERE s.session_id = new.session_id

-- name: list_sessions
-- $1 is the one session asked for, $2 the caller unless they see all.
SELECT s.session_id, s.version, s.state, s.programme_id, s.group_id, g.match_id,
       coalesce(s.format, g.format, p.format) AS format, p.modality, g.skill_id,
       s.starts_at, s.ends_at, s.capacity, s.capacity_in_person, s.capacity_remote, s.facilitator_id,
       s.facilitator_why, s.why, s.flag, s.title, s.location,
       join_link_of(s.join_link, p.join_template, s.session_id) AS join_link,
       coalesce(s.place, g.place) AS place, coalesce(s.access, g.access) AS access,
       g.courses || s.courses AS courses, s.open, s.attendance_recorded, coalesce(t.participants, '[]') AS participants
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
CROSS JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_object('person_id', t.person_id, 'role', t.role, 'state', t.state, 'attends', t.attends)
        ORDER BY t.place, t.person_id
    ) AS participants
    FROM participants AS t WHERE t.session_id = s.session_id
) AS t
WHERE ($1::uuid IS NULL OR s.session_id = $1)
  AND ($2::uuid IS NULL OR s.session_id = ANY (ARRAY(
      SELECT t.session_id FROM participants AS t WHERE t.person_id = $2
      UNION SELECT l.session_id FROM sessions AS l WHERE l.facilitator_id = $2
  )))
  AND ($3::uuid IS NULL OR s.programme_id = $3)
  AND ($4::uuid IS NULL OR s.group_id = $4)
  AND ($5::uuid IS NULL OR s.session_id = ANY (ARRAY(
      SELECT t.session_id FROM participants AS t WHERE t.person_id = $5
  )))
  AND ($6::text IS NULL OR s.state = $6)
  AND ($7::timestamptz IS NULL OR s.starts_at >= $7)
  AND ($8::timestamptz IS NULL OR s.starts_at < $8)
  AND ($9::timestamptz IS NULL OR (s.starts_at, s.session_id) > ($9, $10::uuid))
ORDER BY s.starts_at, s.session_id LIMIT $11

-- name: lose_facilitators
UPDATE sessions SET facilitator_id = NULL, facilitator_why = NULL, version = version + 1, changed_at = now()
WHERE session_id = ANY ($1::uuid[])

-- name: lock_to_settle
-- Upcoming sessions in which these people are expected, with all who are.
SELECT s.session_id, s.version, s.state, s.programme_id, s.group_id, g.match_id,
       coalesce(s.format, g.format, p.format) AS format,
       told_skill(p.confidentiality, g.skill_id) AS skill_id,
       told_courses(p.confidentiality, g.courses, s.courses) AS courses,
       s.starts_at, s.ends_at, s.capacity, s.facilitator_id, s.number,
       s.due_on, s.why, s.flag,
       s.facilitator_why, s.fixed OR s.moved AS fixed, p.stretch_minutes,
       least(s.due_on + p.cadence_days - 1, g.term_ends_on, p.ends_on) AS last_on,
       ARRAY(SELECT t.person_id FROM participants AS t
             WHERE t.session_id = s.session_id AND t.state IN ('invited', 'registered') ORDER BY t.person_id) AS people,
       ARRAY(SELECT t.preparation FROM participants AS t
             WHERE t.session_id = s.session_id AND t.state IN ('invited', 'registered') ORDER BY t.person_id) AS prepared
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE s.state = 'scheduled' AND s.starts_at > $2 AND EXISTS (
    SELECT FROM participants AS t
    WHERE t.session_id = s.session_id AND t.person_id = ANY ($1::uuid[]) AND t.state IN ('invited', 'registered')
)
ORDER BY s.session_id FOR UPDATE OF s

-- name: flag_sessions
UPDATE sessions AS s SET flag = new.flag FROM unnest($1::uuid[], $2::text[]) AS new (session_id, flag)
WHERE s.session_id = new.session_id
