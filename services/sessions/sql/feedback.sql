-- Feedback. No query joins what was answered with who has answered, and none can.

-- name: look_answering
-- One's part in a session, what an answer is kept under, and the form that was chosen for the programme or else for the
-- format, or ($3, $4) that a format of the catalogue names. Of a pair how alike they are, to whoever learns ($5) in it.
SELECT seen.*, form.form_id, form.version, form.items,
       coalesce((SELECT division FROM people WHERE person_id = $2), 'none') AS division
FROM (
    SELECT t.state, s.programme_id, coalesce(s.format, g.format, p.format) AS format, s.starts_at,
           CASE WHEN t.role = ANY ($5::text[]) THEN g.likeness END AS likeness, p.format AS programme_format
    FROM participants AS t JOIN sessions AS s USING (session_id)
    JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
    WHERE t.session_id = $1 AND t.person_id = $2
) AS seen
LEFT JOIN LATERAL (
    SELECT f.form_id, f.version, f.items FROM (
        SELECT o.form_id, o.form_version, 1 AS place FROM programme_forms AS o
        WHERE o.programme_id = seen.programme_id AND o.kind = 'feedback'
        UNION ALL SELECT o.form_id, o.form_version, 2 FROM format_forms AS o WHERE o.format = seen.format
        UNION ALL SELECT o.form_id, 1, 3 FROM unnest($3::text[], $4::uuid[]) AS o (format, form_id)
        WHERE o.format = seen.format
    ) AS chosen JOIN forms AS f ON f.form_id = chosen.form_id AND f.version = chosen.form_version
    ORDER BY chosen.place LIMIT 1
) AS form ON true

-- name: give
-- They have answered, and need not be asked any more; apart from that the answer, to the first form ($7 to $10) or to
-- another one ($5, $11), in the cell of their how manieth answer to the programme's sessions of the month ($4) it is.
-- How useful it was ($15) is kept once more where somebody learnt ($16) in a pair of a likeness ($13, $14 its format).
-- No row where they had answered already. Two answers of one person take turns, and the second counts the first.
WITH locked AS MATERIALIZED (
    SELECT count(*) FROM (SELECT FROM people WHERE person_id = $2 FOR NO KEY UPDATE) AS me
), change AS (
    INSERT INTO feedback_given (session_id, person_id) SELECT $1, $2 FROM locked
    ON CONFLICT DO NOTHING RETURNING session_id
), asked AS (
    UPDATE prompts SET answered = true
    WHERE person_id = $2 AND kind = 'feedback' AND subject_id = $1 AND NOT answered AND EXISTS (SELECT FROM change)
), turn AS (
    SELECT feedback_round($2, $1, $3, $4) AS round, ($4::timestamptz AT TIME ZONE 'UTC')::date AS month FROM change
), kept AS (
    INSERT INTO feedback_cells AS c (programme_id, format, division, month, round, answers, comments)
    SELECT $3, $12, $6, month, round, ARRAY[ROW($7, $8, $9)::feedback_answer], $10::text[] FROM turn
    WHERE $5::text IS NULL
    ON CONFLICT (programme_id, format, division, month, round) DO UPDATE SET
        answers = ARRAY(SELECT answer FROM unnest(c.answers || excluded.answers) AS answer ORDER BY answer),
        comments = ARRAY(SELECT comment FROM unnest(c.comments || excluded.comments) AS comment ORDER BY comment)
), kept_apart AS (
    INSERT INTO answer_cells AS c (programme_id, kind, topic, division, month, round, answers)
    SELECT $3, 'feedback', $5, $6, month, round, ARRAY[$11::jsonb] FROM turn WHERE $5::text IS NOT NULL
    ON CONFLICT (programme_id, kind, topic, division, month, round) DO UPDATE SET
        answers = ARRAY(SELECT answer FROM unnest(c.answers || excluded.answers) AS answer ORDER BY answer)
), alike AS (
    SELECT likeness_round($2, $1, $14, $13, quarter, $16::text[]) AS round, (quarter AT TIME ZONE 'UTC')::date AS quarter
    FROM change, date_trunc('quarter', $4::timestamptz, 'UTC') AS quarter
    WHERE $13::text IS NOT NULL AND $15::smallint IS NOT NULL
), kept_alike AS (
    INSERT INTO likeness_cells AS c (format, likeness, quarter, round, answers)
    SELECT $14, $13, quarter, round, ARRAY[$15::smallint] FROM alike
    ON CONFLICT (format, likeness, quarter, round) DO UPDATE SET
        answers = ARRAY(SELECT answer FROM unnest(c.answers || excluded.answers) AS answer ORDER BY answer)
)
SELECT true FROM change

-- name: lock_ripe
SELECT programme_id, format, division, month, round, answers, comments FROM feedback_cells
WHERE cardinality(answers) >= 5
ORDER BY programme_id, format, division, month, round
LIMIT 1000 FOR UPDATE

-- name: keep_the_rest
UPDATE feedback_cells SET answers = $6::feedback_answer[], comments = '{}'
WHERE programme_id = $1 AND format = $2 AND division = $3 AND month = $4 AND round = $5

-- name: lock_alike
SELECT format, likeness, quarter, round, answers FROM likeness_cells
WHERE cardinality(answers) >= 10
ORDER BY format, likeness, quarter, round
LIMIT 1000 FOR UPDATE

-- name: keep_the_rest_alike
UPDATE likeness_cells SET answers = $5::smallint[]
WHERE format = $1 AND likeness = $2 AND quarter = $3 AND round = $4

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
