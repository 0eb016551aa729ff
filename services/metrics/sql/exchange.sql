-- One query per family, parameters and rows as in measures.sql: help, knowledge, questions of one's own, ground rules.

-- name: help
-- Nobody knows who asked, so requests stand for people: whole fives of a month, and each five has come before the next.
WITH asked AS (
    SELECT month_of(asked_at) AS month, seconds, outcome,
        row_number() OVER of_month AS place, count(*) OVER (PARTITION BY month_of(asked_at)) AS requests
    FROM help_requests
    WHERE asked_at >= $2::date::timestamp AT TIME ZONE 'UTC' AND asked_at < $3::date::timestamp AT TIME ZONE 'UTC'
        AND $1::text IN ('none', 'month') AND $4::uuid IS NULL AND $5::text IS NULL AND $6::text IS NULL
    WINDOW of_month AS (PARTITION BY month_of(asked_at) ORDER BY asked_at, request_id)
),
counted AS (
    SELECT cell_of($1::text, NULL, NULL, NULL, NULL, month) AS cell, seconds, outcome FROM asked
    WHERE place <= requests - requests % 5
        AND CASE $7::text WHEN 'help_taken' THEN outcome IS NOT NULL ELSE seconds IS NOT NULL END
)
SELECT cell, count(*) AS persons, count(*) AS n,
    CASE $7::text
        WHEN 'help_taken' THEN count(*) FILTER (WHERE outcome = 'accepted')
        WHEN 'time_to_first_help_p90' THEN percentile_disc(0.9) WITHIN GROUP (ORDER BY seconds) / 3600.0 * count(*)
        ELSE percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) / 3600.0 * count(*)
    END::float8 AS numerator,
    count(*) AS denominator
FROM counted GROUP BY cell

-- name: knowledge
SELECT cell_of($1::text, NULL, NULL, used.programme_id, format, month) AS cell, max(people)::bigint AS persons,
    max(people)::bigint AS n, CASE $7::text WHEN 'knowledge_uses' THEN sum(uses) ELSE count(*) END::float8 AS numerator,
    NULL::bigint AS denominator
FROM knowledge_uses AS used LEFT JOIN programmes USING (programme_id)
WHERE month >= $2::date AND month < $3::date AND $1::text <> 'unit' AND $5::text IS NULL
    AND ($1::text NOT IN ('programme', 'format') OR used.programme_id IS NOT NULL)
    AND ($4::uuid IS NULL OR used.programme_id = $4) AND ($6::text IS NULL OR format = $6)
GROUP BY 1

-- name: form
SELECT cell_of($1::text, ARRAY[division], NULL, form.programme_id, coalesce(form.format, programmes.format), month) AS cell,
    max(cardinality(means))::bigint AS persons, array_agg(mean ORDER BY batch_id, place) AS means
FROM form_answers AS form LEFT JOIN programmes USING (programme_id)
CROSS JOIN LATERAL unnest(means) WITH ORDINALITY AS each (mean, place)
WHERE month >= $2::date AND month < $3::date AND $7::text = 'own_questions' AND mean IS NOT NULL
    AND ($4::uuid IS NULL OR form.programme_id = $4)
    AND ($5::text IS NULL OR division = $5 OR EXISTS (SELECT FROM units WHERE code = division AND $5 = ANY (path)))
    AND ($6::text IS NULL OR coalesce(form.format, programmes.format) = $6)
GROUP BY 1

-- name: recommendation
SELECT cell_of($1::text, ARRAY[division], NULL, form.programme_id, coalesce(form.format, programmes.format), month) AS cell,
    max(cardinality(recommended))::bigint AS persons, count(*) AS answers,
    count(*) FILTER (WHERE score >= 9) AS promoters, count(*) FILTER (WHERE score <= 6) AS detractors,
    count(*) IN (
        count(*) FILTER (WHERE score >= 9), count(*) FILTER (WHERE score <= 6), count(*) FILTER (WHERE score IN (7, 8))
    ) AS alike
FROM form_answers AS form LEFT JOIN programmes USING (programme_id) CROSS JOIN LATERAL unnest(recommended) AS each (score)
WHERE month >= $2::date AND month < $3::date AND $7::text = 'nps'
    AND ($4::uuid IS NULL OR form.programme_id = $4)
    AND ($5::text IS NULL OR division = $5 OR EXISTS (SELECT FROM units WHERE code = division AND $5 = ANY (path)))
    AND ($6::text IS NULL OR coalesce(form.format, programmes.format) = $6)
GROUP BY 1

-- name: learned
-- What stayed is told of the pairs that were answered a third time alone, what was gained of those who could gain.
WITH told AS (
    SELECT programme_id, month, gain, change,
        CASE $7::text WHEN 'retained_30' THEN kept WHEN 'normalised_gain' THEN gaining WHEN 'teacher_gain' THEN gaining
            ELSE pairs END AS pairs, kept_after, kept_later, CASE $7::text WHEN 'retained_30' THEN least_kept ELSE least_change END AS least,
        CASE $7::text WHEN 'retained_30' THEN most_kept ELSE most_change END AS most
    FROM survey_items
    WHERE arm = CASE $7::text WHEN 'teacher_gain' THEN 'teachers' ELSE 'participants' END
        AND code = CASE WHEN $7::text IN ('normalised_gain', 'teacher_gain', 'retained_30') THEN 'knowledge'
            ELSE split_part($7::text, '_', 1) END
        AND CASE $7::text WHEN 'retained_30' THEN kept > 0 WHEN 'normalised_gain' THEN gaining > 0
            WHEN 'teacher_gain' THEN gaining > 0 ELSE true END
)
SELECT cell_of($1::text, NULL, NULL, item.programme_id, format, month) AS cell, max(pairs)::bigint AS persons,
    sum(pairs)::bigint AS n,
    CASE WHEN sum(pairs) >= 10 THEN CASE $7::text
        WHEN 'retained_30' THEN sum(kept_later)::float8 / sum(kept_after) * sum(pairs)
        WHEN 'confidence_change' THEN sum(change)
        WHEN 'commitment_change' THEN sum(change)
        ELSE sum(gain)
    END END::float8 AS numerator,
    sum(pairs)::bigint AS denominator,
    min(least) = max(most) OR ($7::text IN ('normalised_gain', 'teacher_gain') AND sum(gain) = sum(pairs)) AS alike
FROM told AS item LEFT JOIN programmes USING (programme_id)
WHERE month >= $2::date AND month < $3::date AND $1::text <> 'unit' AND $5::text IS NULL
    AND ($4::uuid IS NULL OR item.programme_id = $4) AND ($6::text IS NULL OR format = $6)
GROUP BY 1

-- name: facilitation
-- Answers name nobody; a number is about whoever led sessions of these programmes and quarters, and few are one by name.
WITH rated AS (SELECT * FROM facilitation WHERE month >= $2::date AND month < $3::date AND $7::text = 'facilitator_quality'),
led AS (
    SELECT cell_of($1::text, NULL, NULL, rated.programme_id, programmes.format, month) AS cell,
        count(DISTINCT facilitator_id) AS persons
    FROM (SELECT DISTINCT programme_id, month FROM rated) AS rated LEFT JOIN programmes USING (programme_id)
    JOIN sessions AS done ON done.programme_id = rated.programme_id AND done.state = 'held'
        AND starts_at >= month::timestamp AT TIME ZONE 'UTC'
        AND starts_at < (month + interval '3 months') AT TIME ZONE 'UTC'
    WHERE ($4::uuid IS NULL OR rated.programme_id = $4) AND ($6::text IS NULL OR programmes.format = $6)
    GROUP BY 1
),
told AS (
    SELECT cell_of($1::text, NULL, NULL, rated.programme_id, format, month) AS cell, max(answers)::bigint AS answers,
        sum(answers)::bigint AS n, sum(total) AS total, (SELECT sum(total) / sum(answers) FROM rated) AS everybody,
        min(least) = max(most) AS alike
    FROM rated LEFT JOIN programmes USING (programme_id)
    WHERE $1::text <> 'unit' AND $5::text IS NULL
        AND ($4::uuid IS NULL OR rated.programme_id = $4) AND ($6::text IS NULL OR format = $6)
    GROUP BY 1
)
SELECT told.*, greatest(1, least(answers, coalesce(led.persons, 0))) AS persons FROM told LEFT JOIN led USING (cell)

-- name: rules
WITH expected AS (
    SELECT DISTINCT cell_of($1::text, unit_path, $5::text, fact.programme_id, fact.format, month) AS cell, group_id,
        fact.person_id
    FROM sessions AS done JOIN participations AS fact USING (session_id)
    WHERE done.state = 'held' AND fact.state NOT IN ('waitlisted', 'cancelled_early', 'excused')
        AND month >= $2::date AND month < $3::date AND $7::text = 'ground_rules_rate'
        AND ($4::uuid IS NULL OR fact.programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND ($6::text IS NULL OR fact.format = $6)
)
SELECT cell, count(DISTINCT person_id) AS persons, count(DISTINCT person_id) AS n,
    count(accepted.person_id)::float8 AS numerator, count(*) AS denominator
FROM expected LEFT JOIN acknowledgements AS accepted USING (group_id, person_id)
GROUP BY cell

-- name: overload
-- One row per facilitator whose agreed time is known: hours of each week, without preparation, and that time a month.
WITH weeks AS (
    SELECT cell_of($1::text, NULL, NULL, programme_id, format, month_of(starts_at)) AS cell, facilitator_id, minutes,
        date_trunc('week', starts_at AT TIME ZONE 'UTC')::date AS week,
        (sum(extract(epoch FROM ends_at - starts_at)) / 3600.0)::float8 AS hours
    FROM sessions JOIN time_budgets ON person_id = facilitator_id
    WHERE state = 'held' AND ends_at IS NOT NULL AND minutes > 0 AND $1::text <> 'unit' AND $5::text IS NULL
        AND $7::text = 'hosting_overload'
        AND starts_at >= $2::date::timestamp AT TIME ZONE 'UTC' AND starts_at < $3::date::timestamp AT TIME ZONE 'UTC'
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
    GROUP BY 1, facilitator_id, minutes, week
)
SELECT cell, facilitator_id, minutes, array_agg(week ORDER BY week) AS weeks, array_agg(hours ORDER BY week) AS hours
FROM weeks GROUP BY cell, facilitator_id, minutes
