-- One query per family, parameters and rows as in measures.sql: what people answered.

-- name: feedback
-- Batches have five or more authors each; how many authors two batches share nobody knows, so the largest one counts.
WITH batches AS (
    SELECT cell_of($1::text, ARRAY[division], NULL, programme_id, format, month) AS cell, answers,
        CASE $7::text WHEN 'relevance' THEN relevance WHEN 'engagement' THEN engagement ELSE usefulness END AS total,
        CASE $7::text WHEN 'relevance' THEN relevance_at WHEN 'engagement' THEN engagement_at ELSE usefulness_at END AS at
    FROM feedback
    WHERE month >= $2::date AND month < $3::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
        AND ($5::text IS NULL OR division = $5 OR EXISTS (SELECT FROM units WHERE code = division AND $5 = ANY (path)))
)
SELECT cell, max(answers)::bigint AS persons, sum(answers)::bigint AS n,
    CASE $7::text WHEN 'satisfied' THEN sum(at[4] + at[5]) ELSE sum(total) END::float8 AS numerator,
    sum(answers)::bigint AS denominator,
    ARRAY[sum(at[1]), sum(at[2]), sum(at[3]), sum(at[4]), sum(at[5])]::bigint[] AS scores,
    sum(total) IN (sum(answers), 5 * sum(answers)) OR sum(answers) = greatest(sum(at[2]), sum(at[3]), sum(at[4])) AS alike
FROM batches GROUP BY cell

-- name: response
WITH asked AS (
    SELECT cell_of($1::text, ARRAY[coalesce(unit_path[2], unit_path[1], '')], NULL, programme_id, format, month) AS cell,
        count(*) AS places, count(DISTINCT person_id) AS persons
    FROM participations
    WHERE state = 'attended' AND month >= $2::date AND month < $3::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path[:2]))
        AND ($6::text IS NULL OR format = $6)
    GROUP BY 1
),
answered AS (
    SELECT cell_of($1::text, ARRAY[division], NULL, programme_id, format, month) AS cell, sum(answers) AS answers
    FROM feedback
    WHERE month >= $2::date AND month < $3::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
        AND ($5::text IS NULL OR division = $5 OR EXISTS (SELECT FROM units WHERE code = division AND $5 = ANY (path)))
    GROUP BY 1
)
SELECT cell, persons, coalesce(answers, 0)::bigint AS n, coalesce(answers, 0)::float8 AS numerator,
    places AS denominator
FROM asked LEFT JOIN answered USING (cell)
WHERE $7::text = 'response_rate'

-- name: saved
SELECT cell_of($1::text, ARRAY[division], NULL, programme_id, format, month) AS cell, max(saving)::bigint AS persons,
    sum(saving)::bigint AS n, sum(minutes_saved)::float8 AS numerator, sum(saving)::bigint AS denominator,
    min(least_saved) = max(most_saved) AS alike
FROM check_ins
WHERE saving > 0 AND month >= $2::date AND month < $3::date AND $7::text = 'minutes_saved'
    AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
    AND ($5::text IS NULL OR division = $5 OR EXISTS (SELECT FROM units WHERE code = division AND $5 = ANY (path)))
GROUP BY 1

-- name: transfer
WITH told AS (
    SELECT cell_of($1::text, ARRAY[division], NULL, programme_id, format, month) AS cell, max(answers) AS persons,
        sum(answers) AS answers, sum(applied) AS applied, sum(depth) AS depth
    FROM check_ins
    WHERE month >= $2::date AND month < $3::date
        AND ($7::text NOT LIKE 'transfer\___' OR day = right($7::text, 2)::int)
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
        AND ($5::text IS NULL OR division = $5 OR EXISTS (SELECT FROM units WHERE code = division AND $5 = ANY (path)))
    GROUP BY 1
),
asked AS (
    SELECT cell_of($1::text, NULL, NULL, asked.programme_id, format, month) AS cell, sum(asked) AS asked,
        sum(answered) AS answered
    FROM responses AS asked LEFT JOIN programmes USING (programme_id)
    WHERE kind LIKE 'check-in-%' AND month >= $2::date AND month < $3::date AND $1::text <> 'unit' AND $5::text IS NULL
        AND ($4::uuid IS NULL OR asked.programme_id = $4) AND ($6::text IS NULL OR format = $6)
    GROUP BY 1
)
SELECT cell, persons::bigint, answers::bigint AS n,
    CASE $7::text
        WHEN 'transfer_low' THEN applied
        WHEN 'transfer_high' THEN applied + greatest(0, asked - answers)
        WHEN 'scrap' THEN answers - applied
        WHEN 'transfer_depth' THEN depth / 16.0
        ELSE applied
    END::float8 AS numerator,
    CASE WHEN $7::text IN ('transfer_low', 'transfer_high') THEN greatest(asked, answers) ELSE answers END::bigint
        AS denominator,
    applied IN (0, answers) AS alike
FROM told LEFT JOIN asked USING (cell)
WHERE $7::text NOT IN ('transfer_low', 'transfer_high') OR asked IS NOT NULL

-- name: first_use
SELECT cell_of($1::text, ARRAY[division], NULL, programme_id, format, month) AS cell, max(answers)::bigint AS persons,
    array_agg(coalesce(days, day)) AS days, array_agg(days IS NOT NULL) AS used
FROM check_ins CROSS JOIN LATERAL unnest(first_use_days) AS days
WHERE month >= $2::date AND month < $3::date AND $7::text = 'days_to_first_use'
    AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
    AND ($5::text IS NULL OR division = $5 OR EXISTS (SELECT FROM units WHERE code = division AND $5 = ANY (path)))
GROUP BY 1

-- name: behaviour
-- One row per survey and arm, whatever parts it came in; `before` is of the whole survey.
SELECT cell_of($1::text, NULL, NULL, survey.programme_id, format, month) AS cell, survey_id, arm, before,
    array_agg(one ORDER BY part, place) AS means_before, array_agg(other ORDER BY part, place) AS means_after
FROM surveys AS survey LEFT JOIN programmes USING (programme_id)
CROSS JOIN LATERAL unnest(means_before, means_after) WITH ORDINALITY AS pair (one, other, place)
WHERE month >= $2::date AND month < $3::date AND $1::text <> 'unit' AND $5::text IS NULL AND $7::text LIKE 'behaviour%'
    AND arm <> 'teachers'
    AND ($4::uuid IS NULL OR survey.programme_id = $4) AND ($6::text IS NULL OR format = $6)
GROUP BY 1, survey_id, arm, before
ORDER BY survey_id, arm

-- name: pulse
SELECT cell_of($1::text, ARRAY[division], NULL, pulse.programme_id, format, month) AS cell,
    max(cardinality(means))::bigint AS persons, array_agg(mean ORDER BY batch_id, place) AS means
FROM pulses AS pulse LEFT JOIN programmes USING (programme_id)
CROSS JOIN LATERAL unnest(means) WITH ORDINALITY AS each (mean, place)
WHERE month >= $2::date AND month < $3::date AND theme = split_part($7::text, '_', 1)
    AND ($4::uuid IS NULL OR pulse.programme_id = $4) AND ($6::text IS NULL OR format = $6)
    AND ($5::text IS NULL OR division = $5 OR EXISTS (SELECT FROM units WHERE code = division AND $5 = ANY (path)))
GROUP BY 1

-- name: learning
-- By division and month alone: facts come in batches of k people of a division, and of nothing smaller.
SELECT cell_of($1::text, ARRAY['', division], NULL, NULL, NULL, month) AS cell, count(DISTINCT person_id) AS persons,
    count(DISTINCT person_id) AS n, count(*)::float8 AS numerator, NULL::bigint AS denominator
FROM learnings
WHERE counted AND kind = CASE $7::text WHEN 'trainings_completed' THEN 'training' ELSE 'resource' END
    AND month >= $2::date AND month < $3::date
    AND $4::uuid IS NULL AND $5::text IS NULL AND $6::text IS NULL
GROUP BY 1
