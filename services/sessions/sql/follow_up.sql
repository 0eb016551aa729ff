-- Who is asked what and when, and answers that have no author. No query joins the two, and none can.

-- name: mark
-- A transaction that began before the mark may commit after it: an hour is looked at again.
SELECT coalesce((SELECT until FROM timer_marks WHERE name = $1), '-infinity'::timestamptz) AS since,
       now() - interval '1 hour' AS until

-- name: move_mark
INSERT INTO timer_marks (name, until) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET until = excluded.until

-- name: plan_feedback
-- $2: formats after which nothing is asked, unless a form was chosen.
INSERT INTO prompts (person_id, kind, subject_id, programme_id, due_on, expires_on)
SELECT t.person_id, 'feedback', s.session_id, s.programme_id, s.ends_at::date, s.ends_at::date + 14
FROM sessions AS s JOIN participants AS t USING (session_id)
JOIN groups AS g ON g.group_id = s.group_id JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE s.state = 'held' AND s.changed_at >= $1 AND t.state = 'attended' AND s.ends_at > now() - interval '14 days'
  AND (NOT coalesce(s.format, g.format, p.format) = ANY ($2::text[])
       OR EXISTS (SELECT FROM programme_forms AS o WHERE o.programme_id = s.programme_id AND o.kind = 'feedback')
       OR EXISTS (SELECT FROM format_forms AS o WHERE o.format = coalesce(s.format, g.format, p.format)))
  AND NOT EXISTS (SELECT FROM feedback_given AS f WHERE f.session_id = s.session_id AND f.person_id = t.person_id)
ON CONFLICT DO NOTHING

-- name: plan_check_ins
-- Of a month's sessions of a programme the first one somebody attended is asked about, 30, 60 and 90 days later.
INSERT INTO prompts (person_id, kind, subject_id, programme_id, due_on, expires_on)
SELECT one.person_id, 'check-in-' || days, one.session_id, one.programme_id, one.day + days, one.day + days + 14
FROM (
    SELECT DISTINCT ON (t.person_id, s.programme_id, date_trunc('month', s.starts_at, 'UTC'))
           t.person_id, s.session_id, s.programme_id, s.starts_at::date AS day
    FROM sessions AS s JOIN participants AS t USING (session_id)
    WHERE s.state = 'held' AND s.changed_at >= $1 AND t.state = 'attended'
    ORDER BY t.person_id, s.programme_id, date_trunc('month', s.starts_at, 'UTC'), s.starts_at, s.session_id
) AS one CROSS JOIN unnest(ARRAY[30, 60, 90]) AS days
WHERE one.day + days + 14 >= current_date AND NOT EXISTS (
    SELECT FROM prompts AS p JOIN sessions AS o ON o.session_id = p.subject_id
    WHERE p.person_id = one.person_id AND p.kind = 'check-in-' || days AND p.programme_id = one.programme_id
      AND date_trunc('month', o.starts_at, 'UTC') = date_trunc('month', one.day::timestamp)::timestamptz
)
ON CONFLICT DO NOTHING

-- name: plan_surveys
-- Every member of the programme's groups, once a wave; of the arm `teachers` those who teach there ($1: as which roles).
INSERT INTO prompts (person_id, kind, subject_id, programme_id, due_on, expires_on)
SELECT DISTINCT m.person_id, w.kind, w.survey_id, w.programme_id, w.since, w.until
FROM (
    SELECT survey_id, programme_id, arm, CASE kind WHEN 'pulse' THEN 'pulse' ELSE 'survey-before' END AS kind,
           before_from AS since, before_to AS until
    FROM surveys WHERE state = 'open' AND current_date BETWEEN before_from AND before_to
    UNION ALL
    SELECT survey_id, programme_id, arm, 'survey-after', after_from, after_to
    FROM surveys WHERE state = 'open' AND current_date BETWEEN after_from AND after_to
    UNION ALL
    SELECT survey_id, programme_id, arm, 'survey-later', later_from, later_to
    FROM surveys WHERE state = 'open' AND current_date BETWEEN later_from AND later_to
) AS w
JOIN groups AS g USING (programme_id) JOIN group_members AS m USING (group_id)
WHERE g.state <> 'ended' AND (
    w.arm <> 'teachers' OR m.role = ANY ($1::text[]) OR EXISTS (
        SELECT FROM participants AS t JOIN sessions AS s USING (session_id)
        WHERE t.person_id = m.person_id AND s.programme_id = w.programme_id
          AND (t.taught > 0 OR t.role = ANY ($1::text[]) AND t.state NOT IN ('cancelled_early', 'cancelled_late'))
    )
)
ON CONFLICT DO NOTHING

-- name: send_prompts
-- To each the one that expires first, and no other for seven days; what has expired is never sent.
WITH next AS (
    SELECT DISTINCT ON (p.person_id) p.prompt_id, p.person_id, p.kind, p.expires_on
    FROM prompts AS p
    WHERE p.sent_on IS NULL AND NOT p.answered AND p.due_on <= current_date AND p.expires_on >= current_date
      AND NOT EXISTS (
          SELECT FROM prompts AS s WHERE s.person_id = p.person_id AND s.sent_on > current_date - 7
      )
    ORDER BY p.person_id, p.expires_on, p.kind, p.prompt_id
    LIMIT $1
), sent AS (
    UPDATE prompts AS p SET sent_on = current_date FROM next WHERE p.prompt_id = next.prompt_id
)
INSERT INTO messages (person_id, kind, subject_id, about, expires_at)
SELECT person_id, 'prompt', prompt_id, kind, expires_on + 1 FROM next ON CONFLICT DO NOTHING

-- name: list_prompts
SELECT prompt_id, kind, subject_id, programme_id, due_on, expires_on FROM prompts
WHERE person_id = $1 AND NOT answered AND due_on <= current_date AND expires_on >= current_date
  AND ($2::date IS NULL OR (expires_on, prompt_id) > ($2, $3::uuid))
ORDER BY expires_on, prompt_id LIMIT $4

-- name: take_prompt
-- Whether this person may answer this, now, and has not yet; the row is theirs from here on.
UPDATE prompts SET answered = true
WHERE person_id = $1 AND kind = $2 AND subject_id = $3 AND NOT answered
  AND due_on <= current_date AND expires_on >= current_date
RETURNING programme_id

-- name: get_prompt
SELECT answered, due_on, expires_on FROM prompts WHERE person_id = $1 AND kind = $2 AND subject_id = $3

-- name: answer_prompt
UPDATE prompts SET answered = true WHERE person_id = $1 AND kind = $2 AND subject_id = $3 AND NOT answered

-- name: session_of
SELECT s.session_id, coalesce(s.format, g.format, p.format) AS format,
       (date_trunc('month', s.starts_at, 'UTC') AT TIME ZONE 'UTC')::date AS month
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE s.session_id = $1

-- name: count_answered
-- A person's n-th answer of a kind about a programme's month goes into round n.
SELECT count(*) FROM prompts AS p JOIN sessions AS s ON s.session_id = p.subject_id
WHERE p.person_id = $1 AND p.kind = $2 AND p.programme_id = $3 AND p.answered
  AND (date_trunc('month', s.starts_at, 'UTC') AT TIME ZONE 'UTC')::date = $4

-- name: keep
INSERT INTO answer_cells AS c (programme_id, kind, topic, division, month, round, answers)
VALUES ($1, $2, $3, $4, $5, $6, ARRAY[$7::jsonb])
ON CONFLICT (programme_id, kind, topic, division, month, round) DO UPDATE SET
    answers = ARRAY(SELECT answer FROM unnest(c.answers || excluded.answers) AS answer ORDER BY answer)

-- name: lock_ripe
SELECT programme_id, kind, topic, division, month, round, answers FROM answer_cells
WHERE cardinality(answers) >= 5 AND kind NOT LIKE 'survey%'
ORDER BY programme_id, kind, topic, division, month, round LIMIT 1000 FOR UPDATE

-- name: keep_the_rest
UPDATE answer_cells SET answers = $7::jsonb[]
WHERE programme_id = $1 AND kind = $2 AND topic = $3 AND division = $4 AND month = $5 AND round = $6

-- name: lock_over
-- Surveys whose last wave is over.
SELECT survey_id, programme_id, kind, arm, items, form_id, form_version, before_from FROM surveys
WHERE state = 'open' AND coalesce(later_to, after_to, before_to) < current_date
ORDER BY survey_id LIMIT 100 FOR UPDATE SKIP LOCKED

-- name: survey_cells
SELECT kind, answers FROM answer_cells WHERE programme_id = $1 AND topic = $2::text AND kind LIKE 'survey%' FOR UPDATE

-- name: count_asked
SELECT count(DISTINCT person_id)::int FROM prompts WHERE subject_id = $1 AND kind LIKE 'survey%'

-- name: close_survey
UPDATE surveys SET state = 'closed', outcome = $2 WHERE survey_id = $1

-- name: forget_survey_answers
DELETE FROM answer_cells WHERE programme_id = $1 AND topic = $2::text AND kind LIKE 'survey%'

-- name: count_responses
-- Counts that have moved by five people or more since they were last told, or whose month is long over.
WITH counted AS (
    SELECT programme_id, kind, date_trunc('month', due_on)::date AS month, count(DISTINCT person_id)::int AS asked,
           count(DISTINCT person_id) FILTER (WHERE answered)::int AS answered
    FROM prompts WHERE kind <> 'review' AND (sent_on IS NOT NULL OR answered) AND due_on > current_date - 120
    GROUP BY programme_id, kind, date_trunc('month', due_on)
)
INSERT INTO response_counts AS r (programme_id, kind, month, version, asked, answered)
SELECT programme_id, kind, month, 1, asked, answered FROM counted AS c
WHERE asked >= 5 AND NOT EXISTS (
    SELECT FROM response_counts AS o
    WHERE o.programme_id = c.programme_id AND o.kind = c.kind AND o.month = c.month
      AND (o.asked = c.asked OR abs(c.asked - o.asked) < 5)
      AND (o.answered = c.answered OR abs(c.answered - o.answered) < 5)
)
ORDER BY programme_id, kind, month
ON CONFLICT (programme_id, kind, month) DO UPDATE SET
    version = r.version + 1, asked = excluded.asked, answered = excluded.answered
RETURNING programme_id, kind, month, version, asked, answered

-- name: prune_prompts
DELETE FROM prompts WHERE expires_on < current_date - 365

-- name: insert_form
INSERT INTO forms (form_id, version, kind, theme, items) VALUES ($1, $2, $3, $4, $5)
RETURNING form_id, version, kind, theme, state, items

-- name: lock_forms
SELECT form_id, version, kind, theme, state, items FROM forms WHERE form_id = $1 ORDER BY version DESC FOR UPDATE

-- name: change_form
UPDATE forms SET theme = $3, items = $4 WHERE form_id = $1 AND version = $2 AND state = 'draft'
RETURNING form_id, version, kind, theme, state, items

-- name: open_form
UPDATE forms SET state = 'open' WHERE form_id = $1 AND version = $2

-- name: list_forms
SELECT form_id, version, kind, theme, state, items FROM forms
WHERE ($1::uuid IS NULL OR form_id = $1) AND ($2::uuid IS NULL OR (form_id, version) > ($2, $3::int))
ORDER BY form_id, version LIMIT $4

-- name: programme_state
SELECT status FROM programmes WHERE programme_id = $1 FOR SHARE

-- name: insert_survey
INSERT INTO surveys (
    survey_id, programme_id, kind, arm, form_id, form_version, items, theme, before_from, before_to, after_from,
    after_to, later_from, later_to
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
RETURNING survey_id, programme_id, kind, arm, form_id, form_version, items, theme, before_from, before_to, after_from,
          after_to, later_from, later_to, state, outcome

-- name: list_surveys
-- $2 is the caller unless they see all: members of the programme's groups see its surveys.
SELECT survey_id, programme_id, kind, arm, form_id, form_version, items, theme, before_from, before_to, after_from,
       after_to, later_from, later_to, state, outcome
FROM surveys AS s
WHERE ($1::uuid IS NULL OR survey_id = $1)
  AND ($2::uuid IS NULL OR EXISTS (SELECT FROM prompts AS p WHERE p.person_id = $2 AND p.subject_id = s.survey_id))
  AND ($3::uuid IS NULL OR programme_id = $3) AND ($4::uuid IS NULL OR survey_id > $4)
ORDER BY survey_id LIMIT $5
