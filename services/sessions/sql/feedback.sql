-- Feedback. No query joins what was answered with who has answered, and none can.

-- name: lock_answering
-- One's part in a session and what an answer is kept under. Two answers of one person take turns from here on.
WITH me AS (SELECT division FROM people WHERE person_id = $2 FOR NO KEY UPDATE)
SELECT t.state, s.programme_id, coalesce(s.format, g.format, p.format) AS format, s.starts_at,
       coalesce((SELECT division FROM me), 'none') AS division
FROM participants AS t JOIN sessions AS s USING (session_id)
JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE t.session_id = $1 AND t.person_id = $2

-- name: give
-- They have answered, and need not be asked any more; the how manieth answer to the programme's sessions of the month
-- ($4) it is, or no row where they had answered already.
WITH asked AS (
    UPDATE prompts SET answered = true
    WHERE person_id = $2 AND kind = 'feedback' AND subject_id = $1 AND NOT answered
), given AS (
    INSERT INTO feedback_given (session_id, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING session_id
)
SELECT 1 + (
    SELECT count(*) FROM feedback_given AS f JOIN sessions AS s USING (session_id)
    WHERE f.person_id = $2 AND s.programme_id = $3 AND date_trunc('month', s.starts_at, 'UTC') = $4::timestamptz
) AS round
FROM given

-- name: keep
INSERT INTO feedback_cells AS c (programme_id, format, division, month, round, answers, comments)
VALUES ($1, $2, $3, $4, $5, ARRAY[ROW($6, $7, $8)::feedback_answer], $9::text[])
ON CONFLICT (programme_id, format, division, month, round) DO UPDATE SET
    answers = ARRAY(SELECT answer FROM unnest(c.answers || excluded.answers) AS answer ORDER BY answer),
    comments = ARRAY(SELECT comment FROM unnest(c.comments || excluded.comments) AS comment ORDER BY comment)

-- name: lock_ripe
SELECT programme_id, format, division, month, round, answers, comments FROM feedback_cells
WHERE cardinality(answers) >= 5
ORDER BY programme_id, format, division, month, round
LIMIT 1000 FOR UPDATE

-- name: keep_the_rest
UPDATE feedback_cells SET answers = $6::feedback_answer[], comments = '{}'
WHERE programme_id = $1 AND format = $2 AND division = $3 AND month = $4 AND round = $5

-- name: insert_batches
INSERT INTO feedback_batches (
    batch_id, programme_id, format, division, month, released_on, answers, usefulness, relevance, engagement, comments
)
SELECT batch_id, programme_id, format, division, month, released_on, answers, usefulness, relevance, engagement,
       ARRAY(SELECT json_array_elements_text(comments::json))
FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::date[], $6::date[], $7::int[], $8::int[], $9::int[], $10::int[],
    $11::text[]
) AS new (
    batch_id, programme_id, format, division, month, released_on, answers, usefulness, relevance, engagement, comments
)

-- name: summary
-- Means over all released answers of the session's programme, format and month.
WITH asked AS (
    SELECT s.session_id, s.programme_id, s.facilitator_id, coalesce(s.format, g.format, p.format) AS format,
           (date_trunc('month', s.starts_at, 'UTC') AT TIME ZONE 'UTC')::date AS month
    FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
    WHERE s.session_id = $1
)
SELECT a.session_id, a.programme_id, a.format, a.month, a.facilitator_id, coalesce(sum(b.answers), 0)::int AS answers,
       EXISTS (SELECT FROM participants AS t WHERE t.session_id = a.session_id AND t.person_id = $2) AS takes_part,
       round(sum(b.usefulness)::numeric / sum(b.answers), 2)::float8 AS usefulness,
       round(sum(b.relevance)::numeric / sum(b.answers), 2)::float8 AS relevance,
       round(sum(b.engagement)::numeric / sum(b.answers), 2)::float8 AS engagement
FROM asked AS a
LEFT JOIN feedback_batches AS b ON b.programme_id = a.programme_id AND b.format = a.format AND b.month = a.month
GROUP BY a.session_id, a.programme_id, a.format, a.month, a.facilitator_id

-- name: months_told
-- Formats and months of which enough people have answered for comments to be read; nothing of closed programmes.
SELECT b.format, b.month FROM feedback_batches AS b JOIN programmes AS p USING (programme_id)
WHERE b.programme_id = $1 AND p.confidentiality <> 'closed' AND b.released_on < current_date
  AND ($2::date IS NULL OR (b.month, b.format) < ($2, $3::text))
GROUP BY b.format, b.month HAVING sum(b.answers) >= $4
ORDER BY b.month DESC, b.format DESC LIMIT $5

-- name: comments_of
-- In the order in which they were released, of days that are over: what is released later comes after it.
SELECT format, month, answers, comments FROM feedback_batches
WHERE programme_id = $1 AND (format, month) IN (SELECT * FROM unnest($2::text[], $3::date[]))
  AND released_on < current_date
ORDER BY released_on, batch_id
