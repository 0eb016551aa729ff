-- Links for newcomers, and questions that courses leave open.

-- name: insert_link
-- $4 is where it stands in all: its stage, then the order in which links were added, unless one was said.
INSERT INTO onboarding_links (link_id, programme_id, stage, place, title, url) VALUES ($1, $2, $3, $4, $5, $6)

-- name: count_links
SELECT count(*)::int FROM onboarding_links WHERE programme_id = $1

-- name: remove_link
DELETE FROM onboarding_links WHERE link_id = $1 RETURNING true

-- name: may_see
-- Whoever the programme is for, whoever is in one of its groups.
SELECT EXISTS (
    SELECT FROM people AS p JOIN programmes AS g ON g.programme_id = $1 AND g.status = 'published'
    WHERE p.person_id = $2 AND in_audience(p, g)
) OR EXISTS (
    SELECT FROM groups AS c JOIN group_members AS m USING (group_id) WHERE c.programme_id = $1 AND m.person_id = $2
)

-- name: programme_of
SELECT programme_id FROM onboarding_links WHERE link_id = $1

-- name: list_links
SELECT l.link_id, l.stage, l.place, l.title, l.url, EXISTS (
           SELECT FROM onboarding_ticks AS t WHERE t.link_id = l.link_id AND t.person_id = $2
       ) AS done
FROM onboarding_links AS l
WHERE l.programme_id = $1 AND ($3::text IS NULL OR l.stage = $3)
  AND ($4::int IS NULL OR (l.place, l.link_id) > ($4, $5::uuid))
ORDER BY l.place, l.link_id LIMIT $6

-- name: tick
INSERT INTO onboarding_ticks (link_id, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: untick
DELETE FROM onboarding_ticks WHERE link_id = $1 AND person_id = $2

-- name: lies_beside
-- Whether a course belongs to a session the person takes part in.
SELECT EXISTS (
    SELECT FROM jsonb_array_elements(g.courses || s.courses) AS course WHERE course ->> 'uri' = $2
)
FROM sessions AS s JOIN groups AS g USING (group_id)
JOIN participants AS t ON t.session_id = s.session_id AND t.person_id = $3
WHERE s.session_id = $1 AND s.state <> 'cancelled'

-- name: leave_question
INSERT INTO course_questions (session_id, course, person_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: settle_question
DELETE FROM course_questions WHERE session_id = $1 AND course = $2 AND person_id = $3

-- name: list_questions
SELECT course FROM course_questions WHERE session_id = $1 AND person_id = $2 ORDER BY course

-- name: count_gaps
-- Months whose number of people has risen by five or more since it was last told; of closed programmes nothing is.
WITH counted AS (
    SELECT s.programme_id, q.course, date_trunc('month', q.asked_on)::date AS month,
           count(DISTINCT q.person_id)::int AS people
    FROM course_questions AS q JOIN sessions AS s USING (session_id) JOIN programmes AS p USING (programme_id)
    WHERE q.asked_on >= date_trunc('month', current_date - 35)::date AND p.confidentiality <> 'closed'
    GROUP BY s.programme_id, q.course, date_trunc('month', q.asked_on)
)
INSERT INTO course_gap_counts AS o (programme_id, course, month, version, people)
SELECT c.programme_id, c.course, c.month, 1, c.people / 5 * 5
FROM counted AS c LEFT JOIN course_gap_counts AS o USING (programme_id, course, month)
WHERE c.people >= coalesce(o.people, 0) + 5
ORDER BY c.programme_id, c.course, c.month
ON CONFLICT (programme_id, course, month) DO UPDATE SET version = o.version + 1, people = excluded.people
RETURNING programme_id, course, month, version, people
