-- Ground rules in versions, notes, concerns and questions without a name.

-- name: lock_group
-- $2 is the caller, unless they oversee it.
SELECT g.group_id, g.programme_id, g.state, g.rules_version, g.rules_text, g.facilitator_id FROM groups AS g
WHERE g.group_id = $1 AND ($2::uuid IS NULL OR g.facilitator_id = $2 OR EXISTS (
    SELECT FROM group_members AS m WHERE m.group_id = g.group_id AND m.person_id = $2
))
FOR UPDATE

-- name: change_rules
WITH kept AS (
    INSERT INTO ground_rules (group_id, version, text)
    SELECT group_id, rules_version, rules_text FROM groups WHERE group_id = $1
    ON CONFLICT DO NOTHING
), told AS (
    INSERT INTO messages (person_id, kind, subject_id, sequence, about, expires_at)
    SELECT m.person_id, 'notice', m.group_id, g.rules_version + 1, 'rules', now() + interval '14 days'
    FROM group_members AS m JOIN groups AS g USING (group_id) WHERE m.group_id = $1
    ON CONFLICT DO NOTHING
), following AS (
    INSERT INTO ground_rules (group_id, version, text)
    SELECT group_id, rules_version + 1, $2 FROM groups WHERE group_id = $1
)
UPDATE groups SET rules_version = rules_version + 1, rules_text = $2 WHERE group_id = $1
RETURNING group_id, rules_version AS version, rules_text AS text

-- name: list_rules
SELECT g.group_id, coalesce(r.version, g.rules_version) AS version, coalesce(r.text, g.rules_text) AS text, r.changed_on
FROM groups AS g LEFT JOIN ground_rules AS r USING (group_id)
WHERE g.group_id = $1 AND ($2::uuid IS NULL OR g.facilitator_id = $2 OR EXISTS (
    SELECT FROM group_members AS m WHERE m.group_id = g.group_id AND m.person_id = $2
)) AND ($3::int IS NULL OR coalesce(r.version, g.rules_version) < $3)
ORDER BY 2 DESC LIMIT $4

-- name: get_part
-- The session's level, and the caller's part in it.
SELECT s.session_id, s.state, s.programme_id, s.group_id, s.facilitator_id, p.confidentiality, t.person_id
FROM sessions AS s JOIN programmes AS p USING (programme_id)
LEFT JOIN participants AS t ON t.session_id = s.session_id AND t.person_id = $2
WHERE s.session_id = $1 AND (t.person_id IS NOT NULL OR s.facilitator_id = $2)

-- name: insert_note
INSERT INTO notes (note_id, session_id, author_id, private, text) VALUES ($1, $2, $3, $4, $5)
RETURNING note_id, session_id, author_id, private, text, written_on

-- name: list_notes
SELECT note_id, session_id, author_id, private, text, written_on FROM notes
WHERE session_id = $1 AND (NOT private OR author_id = $2) AND ($3::uuid IS NULL OR note_id > $3)
ORDER BY note_id LIMIT $4

-- name: appoint
INSERT INTO concern_contacts (person_id) SELECT person_id FROM people WHERE person_id = $1 AND status <> 'left'
ON CONFLICT (person_id) DO UPDATE SET person_id = excluded.person_id RETURNING person_id

-- name: dismiss
WITH handed_back AS (
    UPDATE concerns SET contact_id = NULL, state = 'waiting' WHERE contact_id = $1 AND state = 'open'
)
DELETE FROM concern_contacts WHERE person_id = $1

-- name: list_contacts
SELECT person_id FROM concern_contacts WHERE ($1::uuid IS NULL OR person_id > $1) ORDER BY person_id LIMIT $2

-- name: insert_concern
INSERT INTO concerns (concern_id, person_id, session_id, programme_id, state, text)
VALUES ($1, $2, $3, $4, 'waiting', $5)

-- name: hand_back_conflicting
-- A contact who does not work now, was dismissed, or has since come above somebody who was there or below whoever
-- raised it, is none any more.
UPDATE concerns AS c SET contact_id = NULL, state = 'waiting'
WHERE c.state = 'open' AND (
    NOT EXISTS (
        SELECT FROM concern_contacts AS k JOIN people AS p USING (person_id)
        WHERE k.person_id = c.contact_id AND p.status = 'active'
    )
    OR EXISTS (
        WITH RECURSIVE present AS (
            SELECT t.person_id FROM participants AS t WHERE t.session_id = c.session_id
            UNION SELECT s.facilitator_id FROM sessions AS s WHERE s.session_id = c.session_id
            UNION SELECT c.person_id
        ), line AS (
            SELECT p.manager_id AS person_id FROM present JOIN people AS p USING (person_id)
            WHERE p.manager_id IS NOT NULL
            UNION
            SELECT p.manager_id FROM line AS l JOIN people AS p USING (person_id) WHERE p.manager_id IS NOT NULL
        ), own AS (
            SELECT p.manager_id AS person_id FROM people AS p WHERE p.person_id = c.contact_id
              AND p.manager_id IS NOT NULL
            UNION
            SELECT p.manager_id FROM own AS o JOIN people AS p USING (person_id) WHERE p.manager_id IS NOT NULL
        )
        SELECT FROM line WHERE person_id = c.contact_id UNION ALL SELECT FROM own WHERE person_id = c.person_id
    )
)

-- name: lock_waiting
SELECT concern_id FROM concerns WHERE state = 'waiting' ORDER BY concern_id LIMIT 100 FOR UPDATE SKIP LOCKED

-- name: neutral_contact
-- Outside the lines, up and down, of whoever raised it; above nobody who was in the session, and not in it; the one
-- with the fewest open concerns.
WITH RECURSIVE concern AS (
    SELECT person_id, session_id FROM concerns WHERE concern_id = $1
), present AS (
    SELECT t.person_id FROM concern AS c JOIN participants AS t USING (session_id)
    UNION SELECT s.facilitator_id FROM concern AS c JOIN sessions AS s USING (session_id)
    WHERE s.facilitator_id IS NOT NULL
    UNION SELECT person_id FROM concern
), above AS (
    SELECT p.manager_id AS person_id FROM present JOIN people AS p USING (person_id) WHERE p.manager_id IS NOT NULL
    UNION
    SELECT p.manager_id FROM above AS a JOIN people AS p USING (person_id) WHERE p.manager_id IS NOT NULL
), below AS (
    SELECT p.person_id FROM concern AS c JOIN people AS p ON p.manager_id = c.person_id
    UNION
    SELECT p.person_id FROM below AS b JOIN people AS p ON p.manager_id = b.person_id
)
SELECT k.person_id FROM concern_contacts AS k JOIN people AS p USING (person_id)
WHERE p.status = 'active'
  AND NOT EXISTS (SELECT FROM present AS x WHERE x.person_id = k.person_id)
  AND NOT EXISTS (SELECT FROM above AS x WHERE x.person_id = k.person_id)
  AND NOT EXISTS (SELECT FROM below AS x WHERE x.person_id = k.person_id)
ORDER BY (SELECT count(*) FROM concerns AS o WHERE o.contact_id = k.person_id AND o.state = 'open'), k.person_id
LIMIT 1

-- name: assign
WITH told AS (
    INSERT INTO messages (person_id, kind, subject_id, about, expires_at)
    VALUES ($2, 'notice', $1, 'concern', now() + interval '14 days') ON CONFLICT DO NOTHING
)
UPDATE concerns SET contact_id = $2, state = 'open' WHERE concern_id = $1

-- name: list_concerns
-- One's own, and those one was turned to with.
SELECT concern_id, person_id, session_id, programme_id, contact_id, state, text, reply, raised_on FROM concerns
WHERE (person_id = $1 OR contact_id = $1) AND ($2::uuid IS NULL OR concern_id > $2)
ORDER BY concern_id LIMIT $3

-- name: lock_concern
SELECT concern_id, person_id, session_id, programme_id, contact_id, state, text, reply, raised_on FROM concerns
WHERE concern_id = $1 AND (person_id = $2 OR contact_id = $2) FOR UPDATE

-- name: reply
UPDATE concerns SET reply = $2, state = $3 WHERE concern_id = $1
RETURNING concern_id, person_id, session_id, programme_id, contact_id, state, text, reply, raised_on

-- name: count_question
-- Five a session and person; the count is all that stands beside the name.
INSERT INTO questions_asked AS a (session_id, person_id, asked) VALUES ($1, $2, 1)
ON CONFLICT (session_id, person_id) DO UPDATE SET asked = a.asked + 1 WHERE a.asked < 5
RETURNING asked

-- name: ask
INSERT INTO question_boxes AS b (session_id, questions) VALUES ($1, ARRAY[$2::text])
ON CONFLICT (session_id) DO UPDATE SET
    questions = ARRAY(SELECT question FROM unnest(b.questions || excluded.questions) AS question ORDER BY question)

-- name: tell_facilitator
INSERT INTO messages (person_id, kind, subject_id, sequence, about, expires_at)
VALUES ($1, 'notice', $2, to_char(current_date, 'YYYYMMDD')::int, 'question', now() + interval '3 days')
ON CONFLICT DO NOTHING

-- name: get_questions
SELECT coalesce((SELECT questions FROM question_boxes WHERE session_id = $1), '{}') AS questions

-- name: forget
WITH notes_gone AS (DELETE FROM notes WHERE author_id = ANY ($1::uuid[])),
    contacts_gone AS (DELETE FROM concern_contacts WHERE person_id = ANY ($1::uuid[])),
    handed_back AS (
        UPDATE concerns SET contact_id = NULL, state = CASE state WHEN 'open' THEN 'waiting' ELSE state END
        WHERE contact_id = ANY ($1::uuid[]) AND NOT person_id = ANY ($1::uuid[])
    ),
    asked_gone AS (DELETE FROM questions_asked WHERE person_id = ANY ($1::uuid[]))
DELETE FROM concerns WHERE person_id = ANY ($1::uuid[])
