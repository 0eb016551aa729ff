-- One query per family of measures. Parameters: $1 by, $2 first month, $3 month after the last, $4 programme, $5 unit,
-- $6 format, $7 measure. Rows: cell, persons (distinct, for confidentiality), n, numerator, denominator.

-- name: plan_each_time
-- One statement asks for the whole organization or one small unit: a plan that fits both fits neither (10 times slower).
-- The pool resets the setting when the connection goes back.
SET plan_cache_mode = force_custom_plan

-- name: participation
WITH slices AS (
    SELECT start::date AS starts, (start + interval '1 month')::date AS ends, start::date AS month
    FROM generate_series($2::date, $3::date - 1, interval '1 month') AS start WHERE $1::text = 'month'
    UNION ALL
    SELECT $2::date, $3::date, NULL WHERE $1::text <> 'month'
),
asked AS (
    SELECT NULL::uuid AS programme_id, NULL::text AS format, '{}'::text[] AS audience, starts, ends, month
    FROM slices WHERE $1::text NOT IN ('programme', 'format') AND $4::uuid IS NULL AND $6::text IS NULL
    UNION ALL
    SELECT programme_id, format, audience_units, greatest(starts, starts_on), least(ends, ends_on + 1), month
    FROM slices JOIN programmes ON starts_on < ends AND ends_on >= starts
    WHERE status <> 'draft' AND ($1::text IN ('programme', 'format') OR $4::uuid IS NOT NULL OR $6::text IS NOT NULL)
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
),
eligible AS (
    SELECT DISTINCT cell, person_id FROM (
        SELECT cell_of($1::text, span.unit_path, $5::text, programme_id, format, month) AS cell, person_id
        FROM asked JOIN membership_spans AS span
            ON span.status = 'active' AND span.valid_from < ends AND span.valid_to > starts
            AND (audience = '{}' OR span.unit_path && audience)
        WHERE $5::text IS NULL OR $5 = ANY (span.unit_path)
        GROUP BY cell, person_id, programme_id, starts, ends
        HAVING 2 * sum(least(span.valid_to, ends) - greatest(span.valid_from, starts)) >= ends - starts
    ) AS counted
),
present AS (
    SELECT DISTINCT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell, person_id
    FROM participations
    WHERE state = 'attended' AND month >= $2::date AND month < $3::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND ($6::text IS NULL OR format = $6)
)
SELECT cell, count(*) AS persons, count(*) AS n, count(present.person_id)::float8 AS numerator, count(*) AS denominator
FROM eligible LEFT JOIN present USING (cell, person_id)
WHERE $7::text = 'participation_rate'
GROUP BY cell

-- name: attendance
WITH kept AS (
    SELECT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell,
        sum(attended) AS attended, sum(no_show) AS no_show, sum(cancelled_late) AS cancelled_late,
        sum(minutes) AS minutes
    FROM participation_months
    WHERE month >= $2::date AND month < $3::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND ($6::text IS NULL OR format = $6)
    GROUP BY 1
),
people AS (
    SELECT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell,
        count(DISTINCT person_id) AS persons
    FROM participations
    WHERE month >= $2::date AND month < $3::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND ($6::text IS NULL OR format = $6)
        AND (state = 'attended' OR (state = 'no_show' AND $7::text <> 'learning_hours')
            OR (state = 'cancelled_late' AND $7::text = 'attendance_rate'))
    GROUP BY 1
)
SELECT cell, persons, persons AS n,
    CASE $7::text WHEN 'attendance_rate' THEN attended WHEN 'no_show_rate' THEN no_show ELSE minutes / 60.0 END::float8
        AS numerator,
    CASE $7::text WHEN 'attendance_rate' THEN (attended + no_show + cancelled_late)::bigint
        WHEN 'no_show_rate' THEN (attended + no_show)::bigint END AS denominator
FROM kept JOIN people USING (cell)

-- name: sessions
SELECT cell_of($1::text, unit_path, $5::text, held.programme_id, held.format, month_of(held.starts_at)) AS cell,
    count(DISTINCT person_id) AS persons, count(DISTINCT person_id) AS n,
    count(DISTINCT held.session_id)::float8 AS numerator, NULL::bigint AS denominator
FROM sessions AS held
JOIN participations AS fact ON fact.session_id = held.session_id AND fact.state = 'attended'
    AND fact.month >= $2::date AND fact.month < $3::date
WHERE held.state = 'held' AND $7::text = 'sessions_held'
    AND held.starts_at >= $2::date::timestamp AT TIME ZONE 'UTC'
    AND held.starts_at < $3::date::timestamp AT TIME ZONE 'UTC'
    AND ($4::uuid IS NULL OR held.programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
    AND ($6::text IS NULL OR held.format = $6)
GROUP BY 1

-- name: evenness
-- One row per group: everybody expected, by match or by invitation, with what they contributed, zeros included.
WITH held AS (
    SELECT session_id, group_id, match_id, programme_id, format, facilitator_id, starts_at,
        month_of(starts_at) AS month, CASE WHEN $1::text = 'month' THEN month_of(starts_at) END AS slice
    FROM sessions
    WHERE state = 'held' AND $7::text = 'evenness'
        AND starts_at >= $2::date::timestamp AT TIME ZONE 'UTC' AND starts_at < $3::date::timestamp AT TIME ZONE 'UTC'
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
),
seats AS (
    SELECT held.group_id, slice, held.programme_id, held.format, held.month, person_id, unit_path,
        CASE WHEN fact.state = 'attended' THEN contributions ELSE 0 END AS contributions
    FROM held JOIN participations AS fact USING (session_id)
    WHERE fact.month >= $2::date AND fact.month < $3::date AND role <> 'facilitator'
        AND person_id IS DISTINCT FROM facilitator_id
        AND fact.state NOT IN ('waitlisted', 'cancelled_early', 'excused')
    UNION ALL
    SELECT group_id, slice, held.programme_id, format, month, member.person_id,
        CASE WHEN $1::text = 'unit' OR $5::text IS NOT NULL
            THEN unit_path_on(member.person_id, (starts_at AT TIME ZONE 'UTC')::date) END,
        0
    FROM held JOIN matches USING (match_id)
    CROSS JOIN LATERAL unnest(member_ids, member_roles) AS member (person_id, role)
    WHERE member.role <> 'facilitator' AND member.person_id IS NOT NULL
        AND member.person_id IS DISTINCT FROM facilitator_id
),
spoken AS (
    SELECT group_id, slice, array_agg(total ORDER BY total) AS contributions
    FROM (
        SELECT group_id, slice, person_id, sum(contributions)::int AS total FROM seats GROUP BY 1, 2, 3
    ) AS member
    GROUP BY 1, 2
),
placed AS (
    SELECT DISTINCT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell, group_id, slice, person_id
    FROM seats WHERE $5::text IS NULL OR $5 = ANY (unit_path)
),
people AS (SELECT cell, count(DISTINCT person_id) AS persons FROM placed GROUP BY cell)
SELECT cell, persons, contributions
FROM (SELECT DISTINCT cell, group_id, slice FROM placed) AS at
JOIN spoken ON spoken.group_id = at.group_id AND spoken.slice IS NOT DISTINCT FROM at.slice
JOIN people USING (cell)

-- name: feedback
-- Batches have five or more authors each; how many authors two batches share nobody knows, so the largest one counts.
SELECT cell_of($1::text, ARRAY[division], NULL, programme_id, format, month) AS cell,
    max(answers)::bigint AS persons, sum(answers)::bigint AS n,
    sum(CASE $7::text WHEN 'usefulness' THEN usefulness WHEN 'relevance' THEN relevance ELSE engagement END)::float8
        AS numerator,
    sum(answers)::bigint AS denominator
FROM feedback
WHERE month >= $2::date AND month < $3::date
    AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
    AND ($5::text IS NULL OR division = $5 OR EXISTS (SELECT FROM units WHERE code = division AND $5 = ANY (path)))
GROUP BY 1

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

-- name: matching
WITH proposed AS (
    SELECT match_id, outcome, matches.programme_id, format, month_of(first_seen_at) AS month, member.person_id,
        CASE WHEN $1::text = 'unit' OR $5::text IS NOT NULL
            THEN unit_path_on(member.person_id, (first_seen_at AT TIME ZONE 'UTC')::date) END AS unit_path
    FROM matches LEFT JOIN programmes USING (programme_id)
    CROSS JOIN LATERAL unnest(member_ids) AS member (person_id)
    WHERE outcome IS NOT NULL AND $7::text = 'acceptance_rate'
        AND first_seen_at >= $2::date::timestamp AT TIME ZONE 'UTC'
        AND first_seen_at < $3::date::timestamp AT TIME ZONE 'UTC'
        AND ($4::uuid IS NULL OR matches.programme_id = $4) AND ($6::text IS NULL OR format = $6)
)
SELECT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell,
    count(DISTINCT person_id) AS persons, count(DISTINCT person_id) AS n,
    (count(DISTINCT match_id) FILTER (WHERE outcome = 'accepted'))::float8 AS numerator,
    count(DISTINCT match_id) AS denominator
FROM proposed
WHERE $5::text IS NULL OR $5 = ANY (unit_path)
GROUP BY 1
