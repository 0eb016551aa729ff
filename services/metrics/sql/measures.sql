-- One query per family of measures. Parameters: $1 by, $2 first month, $3 month after the last, $4 programme, $5 unit,
-- $6 format, $7 measure. Rows: cell, persons (distinct, for confidentiality), n, numerator, denominator.

-- name: plan_each_time
-- One statement asks for the whole organization or one small unit: a plan that fits both fits neither (10 times slower).
-- Distinct people are counted by hash, in memory. The pool resets both settings when the connection goes back.
SELECT set_config('plan_cache_mode', 'force_custom_plan', false), set_config('work_mem', '64MB', false)

-- name: participation
SELECT cell, count(*) AS persons, count(*) AS n, (count(*) FILTER (WHERE came))::float8 AS numerator,
    count(*) AS denominator, count(*) FILTER (WHERE came) AS came
FROM expected_people($1::text, $2::date, $3::date, $4::uuid, $5::text, $6::text)
WHERE $7::text = 'participation_rate'
GROUP BY cell

-- name: reach
-- That anybody came of a unit is news of its people: of k they are, or nobody is told.
WITH enough AS (
    SELECT coalesce((SELECT max(k) FROM thresholds WHERE month >= $2::date AND month < $3::date), max(k), 5) AS k
    FROM set_threshold
),
units AS (
    SELECT cell, unit_code, count(*) AS persons, count(*) FILTER (WHERE came) AS came
    FROM expected_people($1::text, $2::date, $3::date, $4::uuid, $5::text, $6::text)
    WHERE $7::text = 'reach'
    GROUP BY cell, unit_code
)
SELECT cell, sum(persons)::bigint AS persons, sum(persons)::bigint AS n,
    (count(*) FILTER (WHERE came >= enough.k))::float8 AS numerator,
    count(*) FILTER (WHERE persons >= enough.k) AS denominator, sum(came)::bigint AS came
FROM units CROSS JOIN enough GROUP BY cell

-- name: presence
-- What people did, person by person inside the query and never outside it.
WITH shift AS (
    SELECT CASE WHEN $1::text = 'month' THEN interval '1 month' ELSE age($3::date, $2::date) END AS width
),
own AS (
    SELECT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell, person_id, count(*) AS attended,
        sum(taught) AS taught,
        bool_or(taught > 0 OR role IN ('facilitator', 'presenter', 'host', 'buddy', 'mentor', 'reviewer')) AS teaches,
        bool_or(role NOT IN ('facilitator', 'presenter', 'host', 'buddy', 'mentor', 'reviewer')) AS learns
    FROM participations
    WHERE state = 'attended' AND month >= $2::date AND month < $3::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND ($6::text IS NULL OR format = $6)
    GROUP BY 1, 2
),
before AS (
    SELECT DISTINCT cell_of($1::text, unit_path, $5::text, programme_id, format, (month + width)::date) AS cell, person_id
    FROM participations CROSS JOIN shift
    WHERE state = 'attended' AND $7::text = 'retention'
        AND month >= ($2::date - width)::date AND month < ($3::date - width)::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND ($6::text IS NULL OR format = $6)
),
people AS (
    SELECT cell, person_id, attended, taught, teaches, learns, before.person_id IS NOT NULL AS was_here
    FROM own FULL JOIN before USING (cell, person_id)
    WHERE $7::text = 'retention' OR own.person_id IS NOT NULL
)
SELECT cell, count(*) FILTER (WHERE $7::text <> 'retention' OR was_here) AS persons,
    count(*) FILTER (WHERE $7::text <> 'retention' OR was_here) AS n,
    CASE $7::text
        WHEN 'frequency' THEN sum(attended)
        WHEN 'help_offers' THEN sum(taught)
        WHEN 'repeat_rate' THEN count(*) FILTER (WHERE attended > 1)
        WHEN 'retention' THEN count(*) FILTER (WHERE was_here AND attended > 0)
        WHEN 'reciprocity' THEN count(*) FILTER (WHERE teaches AND learns)
    END::float8 AS numerator,
    CASE WHEN $7::text = 'retention' THEN count(*) FILTER (WHERE was_here) ELSE count(*) END AS denominator,
    CASE $7::text
        WHEN 'repeat_rate' THEN count(*) FILTER (WHERE attended > 1)
        WHEN 'retention' THEN count(*) FILTER (WHERE was_here AND attended > 0)
        WHEN 'reciprocity' THEN count(*) FILTER (WHERE teaches AND learns)
    END AS came
FROM people GROUP BY cell

-- name: agility
-- How many different skills, roles or other units somebody has met, each once a cell. Whoever was only where no skill is
-- told has not met none: nothing is known of it.
WITH own AS (
    SELECT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell, person_id, session_id, role,
        unit_path[cardinality(unit_path)] AS unit
    FROM participations
    WHERE state = 'attended' AND month >= $2::date AND month < $3::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND ($6::text IS NULL OR format = $6)
        AND ($7::text <> 'skills_met' OR session_id IN (SELECT session_id FROM sessions WHERE skill_id IS NOT NULL))
),
present AS (
    SELECT DISTINCT session_id, unit_path[cardinality(unit_path)] AS unit FROM participations
    WHERE state = 'attended' AND month >= $2::date AND month < $3::date AND $7::text = 'units_met'
),
met AS (
    SELECT cell, person_id, role AS what FROM own WHERE $7::text = 'roles_met'
    UNION
    SELECT cell, person_id, skill_id FROM own JOIN sessions USING (session_id)
    WHERE $7::text = 'skills_met'
    UNION
    SELECT cell, person_id, present.unit FROM own JOIN present USING (session_id) WHERE present.unit <> own.unit
),
found AS (SELECT cell, count(*) AS met FROM met GROUP BY cell),
people AS (SELECT cell, count(DISTINCT person_id) AS persons FROM own GROUP BY cell)
SELECT cell, persons, persons AS n, coalesce(met, 0)::float8 AS numerator, persons AS denominator
FROM people LEFT JOIN found USING (cell)
WHERE $7::text IN ('skills_met', 'roles_met', 'units_met')

-- name: newcomer_ties
-- Of months whose last hire has been here so long: a number that grew by one newcomer a day would tell of that one.
-- Sessions count from the month before the first day on. People and sessions are looked up all at once, as arrays.
WITH days AS (SELECT right($7::text, 2)::int AS within WHERE $7::text LIKE 'newcomer_ties%'),
hired AS (
    SELECT DISTINCT ON (person_id) person_id, hired_on, unit_path
    FROM membership WHERE person_id IN (SELECT person_id FROM membership WHERE hired_on >= $2::date AND hired_on < $3::date)
    ORDER BY person_id, version DESC, valid_from DESC
),
newcomers AS MATERIALIZED (
    SELECT person_id, hired_on, unit_path, within FROM hired CROSS JOIN days
    WHERE hired_on >= $2::date AND hired_on < $3::date AND $1::text NOT IN ('programme', 'format') AND $4::uuid IS NULL
        AND $6::text IS NULL AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND (date_trunc('month', hired_on) + interval '1 month')::date + within <= current_date
),
own AS MATERIALIZED (
    SELECT person_id, session_id, month FROM participations JOIN newcomers USING (person_id)
    WHERE person_id = ANY (ARRAY(SELECT person_id FROM newcomers)) AND state = 'attended'
        AND month >= $2::date - interval '1 month' AND month < $3::date + interval '4 months'
        AND month >= date_trunc('month', hired_on) - interval '1 month'
        AND (starts_at AT TIME ZONE 'UTC')::date <= hired_on + within
),
others AS MATERIALIZED (
    SELECT person_id, session_id, month FROM participations
    WHERE session_id = ANY (ARRAY(SELECT session_id FROM own)) AND state = 'attended'
        AND month >= $2::date - interval '1 month' AND month < $3::date + interval '4 months'
),
ties AS (
    SELECT own.person_id, count(DISTINCT others.person_id) AS met
    FROM own JOIN others USING (session_id, month) WHERE others.person_id <> own.person_id
    GROUP BY own.person_id
)
SELECT cell_of($1::text, unit_path, $5::text, NULL, NULL, date_trunc('month', hired_on)::date) AS cell,
    count(*) AS persons, count(*) AS n, coalesce(sum(met), 0)::float8 AS numerator, count(*) AS denominator
FROM newcomers LEFT JOIN ties USING (person_id)
GROUP BY 1

-- name: places
WITH held AS (
    SELECT session_id, capacity FROM sessions
    WHERE state = 'held' AND capacity > 0 AND $1::text <> 'unit' AND $5::text IS NULL
        AND starts_at >= $2::date::timestamp AT TIME ZONE 'UTC' AND starts_at < $3::date::timestamp AT TIME ZONE 'UTC'
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
),
taken AS (
    SELECT cell_of($1::text, NULL, NULL, fact.programme_id, fact.format, month) AS cell, session_id, capacity, person_id,
        fact.state IN ('attended', 'waitlisted') AS there, role IN ('facilitator', 'host') AS leads,
        fact.state = CASE $7::text WHEN 'fill_rate' THEN 'attended' ELSE 'waitlisted' END AS counts
    FROM held JOIN participations AS fact USING (session_id)
    WHERE month >= $2::date AND month < $3::date
        AND (fact.state IN ('attended', 'waitlisted') OR role IN ('facilitator', 'host'))
),
-- Who leads has a place beside the capacity, whether they came or not: that one did not come is no business of the numbers.
places AS (
    SELECT cell, session_id,
        min(capacity) + CASE WHEN $7::text = 'fill_rate' THEN count(*) FILTER (WHERE leads) ELSE 0 END AS places
    FROM taken GROUP BY cell, session_id HAVING bool_or(there)
),
people AS (
    SELECT cell, count(DISTINCT person_id) AS persons, count(*) FILTER (WHERE counts) AS counted
    FROM taken WHERE there GROUP BY cell
)
SELECT cell, persons, persons AS n, counted::float8 AS numerator, sum(places)::bigint AS denominator
FROM people JOIN places USING (cell) GROUP BY cell, persons, counted

-- name: newcomers
-- One row per newcomer: days to the first session, or to the end of the window where there was none by then. A window
-- that is not over ends with the last whole month: a number that grew by one newcomer a day would tell of that one.
-- Whoever came before the first day, in the month before at the earliest, took no day.
WITH until AS (SELECT least($3::date, date_trunc('month', current_date)::date) AS day),
hired AS (
    SELECT DISTINCT ON (person_id) person_id, hired_on, unit_path
    FROM membership WHERE person_id IN (SELECT person_id FROM membership WHERE hired_on >= $2::date AND hired_on < $3::date)
    ORDER BY person_id, version DESC, valid_from DESC
),
newcomers AS MATERIALIZED (
    SELECT person_id, hired_on, unit_path, day,
        (SELECT min((starts_at AT TIME ZONE 'UTC')::date) FROM participations AS fact
         WHERE fact.person_id = hired.person_id AND fact.state = 'attended'
            AND fact.month >= $2::date - interval '1 month' AND fact.month < day) AS first_on
    FROM hired CROSS JOIN until
    WHERE hired_on >= $2::date AND hired_on < day AND $1::text NOT IN ('programme', 'format') AND $4::uuid IS NULL
        AND $6::text IS NULL AND $7::text = 'newcomer_days_to_first' AND ($5::text IS NULL OR $5 = ANY (unit_path))
)
SELECT cell_of($1::text, unit_path, $5::text, NULL, NULL, date_trunc('month', hired_on)::date) AS cell,
    greatest(0, coalesce(first_on, day) - hired_on) AS days, first_on IS NOT NULL AS came
FROM newcomers

-- name: engagement
-- Nobody knows who answered: each of a division's attendances has the share of answers that the division has.
WITH own AS (
    SELECT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell, person_id,
        count(*) AS attended, count(*) FILTER (WHERE contributions > 0) AS active,
        least(CASE WHEN $1::text = 'month' THEN (max(month) + interval '1 month')::date ELSE $3::date END, current_date)
            - max((starts_at AT TIME ZONE 'UTC')::date) AS days
    FROM participations
    WHERE state = 'attended' AND month >= $2::date AND month < $3::date AND $7::text = 'engagement_index'
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND ($6::text IS NULL OR format = $6)
    GROUP BY 1, 2
),
places AS (
    SELECT cell_of($1::text, NULL, NULL, programme_id, format, month) AS slice,
        coalesce(unit_path[2], unit_path[1], '') AS division,
        cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell,
        $5::text IS NULL OR $5 = ANY (unit_path) AS inside, count(*) AS places
    FROM participations
    WHERE state = 'attended' AND month >= $2::date AND month < $3::date AND $7::text = 'engagement_index'
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
    GROUP BY 1, 2, 3, 4
),
divisions AS (SELECT slice, division, sum(places) AS asked FROM places GROUP BY slice, division),
answered AS (
    SELECT cell_of($1::text, NULL, NULL, programme_id, format, month) AS slice, division, sum(answers) AS answers
    FROM feedback
    WHERE month >= $2::date AND month < $3::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
    GROUP BY 1, 2
),
spoken AS (
    SELECT cell, (sum(places * least(1.0, coalesce(answers, 0) / asked)) / sum(places))::float8 AS feedback
    FROM places JOIN divisions USING (slice, division) LEFT JOIN answered USING (slice, division)
    WHERE inside
    GROUP BY cell
)
SELECT cell, count(*) AS persons, max(feedback) AS feedback,
    avg(least(1.0, attended::float8 / CASE WHEN $1::text = 'month' THEN 1
        ELSE extract(year FROM age($3::date, $2::date)) * 12 + extract(month FROM age($3::date, $2::date)) END))::float8
        AS attendance,
    avg(active::float8 / attended)::float8 AS contribution, avg(0.5 ^ (greatest(0, days) / 45.0))::float8 AS recency
FROM own JOIN spoken USING (cell)
GROUP BY cell

-- name: attendance
-- Whoever refused late counts from when it is known who was there: nobody was missed before, nor where nobody met.
WITH kept AS (
    SELECT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell,
        sum(attended) AS attended, sum(no_show) AS no_show, sum(cancelled_late) AS cancelled_late,
        sum(minutes) AS minutes
    FROM months
    WHERE month >= $2::date AND month < $3::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND ($6::text IS NULL OR format = $6)
    GROUP BY 1
),
facts AS (
    SELECT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell, person_id,
        state = 'cancelled_late' AND NOT EXISTS (
            SELECT FROM participations AS met
            WHERE met.session_id = fact.session_id AND met.month = fact.month AND met.state IN ('attended', 'no_show')
        ) AS unmissed
    FROM participations AS fact
    WHERE month >= $2::date AND month < $3::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND ($6::text IS NULL OR format = $6)
        AND (state = 'attended' OR (state = 'no_show' AND $7::text <> 'learning_hours')
            OR (state = 'cancelled_late' AND $7::text = 'attendance_rate'))
),
each AS (
    SELECT cell, person_id, bool_and(unmissed) AS apart, count(*) FILTER (WHERE unmissed) AS unmissed
    FROM facts GROUP BY cell, person_id
),
people AS (
    SELECT cell, count(*) FILTER (WHERE NOT apart) AS persons, sum(unmissed) AS unmissed
    FROM each GROUP BY cell HAVING NOT bool_and(apart)
)
SELECT cell, persons, persons AS n,
    CASE $7::text WHEN 'attendance_rate' THEN attended WHEN 'no_show_rate' THEN no_show ELSE minutes / 60.0 END::float8
        AS numerator,
    CASE $7::text WHEN 'attendance_rate' THEN (attended + no_show + cancelled_late - unmissed)::bigint
        WHEN 'no_show_rate' THEN (attended + no_show)::bigint END AS denominator
FROM kept JOIN people USING (cell)

-- name: sessions
WITH seats AS (
    SELECT cell_of($1::text, unit_path, $5::text, done.programme_id, done.format, month_of(done.starts_at)) AS cell,
        done.session_id, done.state, person_id, coalesce(unit_path[2], unit_path[1]) AS division,
        began_at <= done.starts_at + interval '5 minutes' AS in_time, facilitator_above, facilitator_id
    FROM sessions AS done
    JOIN participations AS fact ON fact.session_id = done.session_id
        AND (fact.state = 'attended' OR done.state = 'cancelled') AND fact.month >= $2::date AND fact.month < $3::date
    WHERE done.state IN ('held', CASE WHEN $7::text = 'cancellation_rate' THEN 'cancelled' END)
        AND done.starts_at >= $2::date::timestamp AT TIME ZONE 'UTC'
        AND done.starts_at < $3::date::timestamp AT TIME ZONE 'UTC'
        AND ($4::uuid IS NULL OR done.programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
        AND ($6::text IS NULL OR done.format = $6)
        AND CASE $7::text WHEN 'on_time_start' THEN began_at IS NOT NULL
            WHEN 'conflicts_of_interest' THEN facilitator_above IS NOT NULL ELSE true END
),
each AS (
    SELECT cell, session_id, min(state) AS state, count(DISTINCT division) AS divisions, bool_or(in_time) AS in_time,
        bool_or(facilitator_above) AS above
    FROM seats GROUP BY 1, 2
),
people AS (
    SELECT cell, count(*) AS persons FROM (SELECT DISTINCT cell, person_id FROM seats) AS came GROUP BY cell
),
-- How punctual sessions are is how punctual those are who lead them: these may not be few either.
leaders AS (SELECT cell, count(DISTINCT facilitator_id) AS leaders FROM seats WHERE $7::text = 'on_time_start' GROUP BY cell)
SELECT cell, persons, persons AS n, CASE WHEN leaders > 0 THEN persons END AS came, nullif(leaders, 0) AS missed,
    CASE $7::text WHEN 'sessions_held' THEN count(*) WHEN 'cancellation_rate' THEN count(*) FILTER (WHERE state = 'cancelled')
        WHEN 'on_time_start' THEN count(*) FILTER (WHERE in_time)
        WHEN 'conflicts_of_interest' THEN count(*) FILTER (WHERE above)
        ELSE count(*) FILTER (WHERE divisions > 1) END::float8 AS numerator,
    CASE WHEN $7::text NOT IN ('sessions_held', 'conflicts_of_interest') THEN count(*) END AS denominator
FROM each JOIN people USING (cell) LEFT JOIN leaders USING (cell)
GROUP BY cell, persons, leaders

-- name: evenness
-- One row per group: everybody expected, by match or by invitation, with what they contributed, zeros included; and who
-- they are where a person counts once in all groups together.
WITH held AS (
    SELECT session_id, group_id, match_id, programme_id, format, facilitator_id, starts_at,
        month_of(starts_at) AS month, CASE WHEN $1::text = 'month' THEN month_of(starts_at) END AS slice
    FROM sessions
    WHERE state = 'held' AND $7::text IN ('evenness', 'unevenness', 'top_share')
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
            THEN unit_on(member.person_id, (starts_at AT TIME ZONE 'UTC')::date) END,
        0
    FROM held JOIN matches USING (match_id)
    CROSS JOIN LATERAL unnest(member_ids, member_roles) AS member (person_id, role)
    WHERE member.role <> 'facilitator' AND member.person_id IS NOT NULL
        AND member.person_id IS DISTINCT FROM facilitator_id
),
members AS (
    SELECT cell_of($1::text, unit_path, $5::text, programme_id, format, month) AS cell,
        $5::text IS NULL OR $5 = ANY (unit_path) AS inside, group_id, slice, person_id, sum(contributions)::int AS total
    FROM seats GROUP BY 1, 2, 3, 4, 5
),
spoken AS (
    SELECT group_id, slice, array_agg(total ORDER BY total) AS contributions,
        CASE WHEN $7::text = 'top_share' THEN array_agg(person_id ORDER BY total) END AS people
    FROM (SELECT group_id, slice, person_id, sum(total)::int AS total FROM members GROUP BY group_id, slice, person_id)
        AS member
    GROUP BY 1, 2
),
people AS (
    SELECT cell, count(*) AS persons FROM (SELECT DISTINCT cell, person_id FROM members WHERE inside) AS each GROUP BY cell
)
SELECT cell, persons, contributions, spoken.people
FROM (SELECT DISTINCT cell, group_id, slice FROM members WHERE inside) AS at
JOIN spoken ON spoken.group_id = at.group_id AND spoken.slice IS NOT DISTINCT FROM at.slice
JOIN people USING (cell)
