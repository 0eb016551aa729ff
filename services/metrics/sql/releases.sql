-- What was shown, and what has changed since.

-- name: lock_measure
SELECT pg_advisory_lock(7300012, hashtext($1))

-- name: unlock_measure
SELECT pg_advisory_unlock(7300012, hashtext($1))

-- name: freeze_thresholds
-- Of months that have begun: whoever looks ahead does not fix what will be.
INSERT INTO thresholds (month, k)
SELECT month, $3 FROM generate_series($1::date, least($2::date - 1, current_date), interval '1 month') AS month
ON CONFLICT DO NOTHING

-- name: threshold
SELECT coalesce(max(k), $3) FROM thresholds WHERE month >= $1 AND month < $2

-- name: editions
-- Those made before definitions were noted are of the one they were made with.
SELECT measure, scope, seen::text AS seen, k, as_of
FROM editions JOIN unnest($1::text[], $2::text[], $3::text[]) AS asked (measure, scope, definition) USING (measure, scope)
WHERE coalesce(definition_version, definition) = definition

-- name: shown
SELECT measure, scope, cell, value, half_interval, n, denominator, persons, reason, as_of, seen::text AS seen,
    note
FROM releases JOIN unnest($1::text[], $2::text[]) AS asked (measure, scope) USING (measure, scope)
ORDER BY measure, scope, cell

-- name: changed
-- Whether anything these months' numbers rest on was written by a transaction that `$3` had not seen.
SELECT EXISTS (
    SELECT FROM participations WHERE month >= $1::date AND month < $2::date
        AND changed_by::text::bigint >= pg_snapshot_xmin($3::text::pg_snapshot)::text::bigint
        AND NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
) OR EXISTS (
    SELECT FROM spans WHERE changed_by::text::bigint >= pg_snapshot_xmin($3::text::pg_snapshot)::text::bigint
        AND NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
) OR EXISTS (
    SELECT FROM sessions WHERE changed_by::text::bigint >= pg_snapshot_xmin($3::text::pg_snapshot)::text::bigint
        AND NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
) OR EXISTS (
    SELECT FROM matches WHERE changed_by::text::bigint >= pg_snapshot_xmin($3::text::pg_snapshot)::text::bigint
        AND NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
) OR EXISTS (
    SELECT FROM acknowledgements WHERE changed_by::text::bigint >= pg_snapshot_xmin($3::text::pg_snapshot)::text::bigint
        AND NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
) OR EXISTS (
    SELECT FROM feedback WHERE month >= $1::date AND month < $2::date
        AND NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
) OR EXISTS (
    SELECT FROM programmes WHERE NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
)

-- name: changed_answers
-- The same of answers that are told in parts of $4, and of what these are compared with.
SELECT EXISTS (
    SELECT FROM answered_parts($4::text, $1::date, $2::date)
    WHERE NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
) OR EXISTS (
    SELECT FROM responses WHERE month >= $1::date AND month < $2::date AND $4::text IN ('transfer_low', 'transfer_high')
        AND NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
) OR EXISTS (
    SELECT FROM sessions WHERE $4::text = 'facilitator_quality'
        AND changed_by::text::bigint >= pg_snapshot_xmin($3::text::pg_snapshot)::text::bigint
        AND NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
) OR EXISTS (
    SELECT FROM programmes WHERE NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
)

-- name: changed_parts
-- How many people's answers of measure $8 have come in each cell since.
SELECT coalesce(cell_of($1::text, unit_path, $5::text, programme_id, format, month), '') AS cell,
    CASE WHEN min(lowest) < max(highest) THEN sum(persons) ELSE 0 END::int AS persons
FROM answered_parts($8::text, $2::date, $3::date)
WHERE ($4::uuid IS NULL OR programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
    AND ($6::text IS NULL OR format = $6) AND NOT pg_visible_in_snapshot(changed_by, $7::text::pg_snapshot)
GROUP BY 1

-- name: changed_people
-- How many people's facts have changed in each cell since; $1 to $6 as for every measure, $7 what was seen.
SELECT coalesce(cell_of($1::text, unit_path, $5::text, fact.programme_id, fact.format, month), '') AS cell,
    count(DISTINCT person_id) AS persons
FROM participations AS fact
WHERE month >= $2::date AND month < $3::date
    AND ($4::uuid IS NULL OR fact.programme_id = $4) AND ($5::text IS NULL OR $5 = ANY (unit_path))
    AND ($6::text IS NULL OR fact.format = $6)
    AND (
        changed_by::text::bigint >= pg_snapshot_xmin($7::text::pg_snapshot)::text::bigint
        AND NOT pg_visible_in_snapshot(changed_by, $7::text::pg_snapshot)
        OR session_id IN (
            SELECT session_id FROM sessions
            WHERE changed_by::text::bigint >= pg_snapshot_xmin($7::text::pg_snapshot)::text::bigint
                AND NOT pg_visible_in_snapshot(changed_by, $7::text::pg_snapshot)
        )
        OR (session_id, person_id) IN (
            SELECT session_id, person_id FROM acknowledgements AS kept JOIN sessions USING (group_id)
            WHERE kept.changed_by::text::bigint >= pg_snapshot_xmin($7::text::pg_snapshot)::text::bigint
                AND NOT pg_visible_in_snapshot(kept.changed_by, $7::text::pg_snapshot)
        )
    )
GROUP BY 1

-- name: changed_people_of_matches
-- The same of people who were proposed to each other: their matches, and the sessions of these, have changed.
WITH changed AS (
    SELECT programme_id, format, first_seen_at, member,
        CASE WHEN $1::text = 'unit' OR $5::text IS NOT NULL
            THEN unit_on(member, (first_seen_at AT TIME ZONE 'UTC')::date) END AS unit_path
    FROM matches LEFT JOIN programmes USING (programme_id) CROSS JOIN LATERAL unnest(member_ids) AS each (member)
    WHERE first_seen_at >= $2::date::timestamp AT TIME ZONE 'UTC'
        AND first_seen_at < $3::date::timestamp AT TIME ZONE 'UTC'
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
        AND (NOT pg_visible_in_snapshot(matches.changed_by, $7::text::pg_snapshot) OR match_id IN (
            SELECT match_id FROM sessions
            WHERE changed_by::text::bigint >= pg_snapshot_xmin($7::text::pg_snapshot)::text::bigint
                AND NOT pg_visible_in_snapshot(changed_by, $7::text::pg_snapshot)
        ))
)
SELECT coalesce(cell_of($1::text, unit_path, $5::text, programme_id, format, month_of(first_seen_at)), '') AS cell,
    count(DISTINCT member) AS persons
FROM changed WHERE $5::text IS NULL OR $5 = ANY (unit_path)
GROUP BY 1

-- name: changed_hosts
-- The same of people who facilitate: their sessions have changed.
SELECT coalesce(cell_of($1::text, NULL, NULL, programme_id, format, month_of(starts_at)), '') AS cell,
    count(DISTINCT facilitator_id) AS persons
FROM sessions
WHERE starts_at >= $2::date::timestamp AT TIME ZONE 'UTC' AND starts_at < $3::date::timestamp AT TIME ZONE 'UTC'
    AND facilitator_id IS NOT NULL AND $5::text IS NULL
    AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
    AND changed_by::text::bigint >= pg_snapshot_xmin($7::text::pg_snapshot)::text::bigint
    AND NOT pg_visible_in_snapshot(changed_by, $7::text::pg_snapshot)
GROUP BY 1

-- name: changed_newcomers
-- The same of people hired in the window: where they belong, or a session they were in by their ninetieth day.
WITH hired AS (
    SELECT DISTINCT ON (person_id) person_id, hired_on, unit_path
    FROM membership WHERE person_id IN (SELECT person_id FROM membership WHERE hired_on >= $2::date AND hired_on < $3::date)
    ORDER BY person_id, version DESC, valid_from DESC
),
changed AS (
    SELECT person_id FROM spans
    WHERE changed_by::text::bigint >= pg_snapshot_xmin($7::text::pg_snapshot)::text::bigint
        AND NOT pg_visible_in_snapshot(changed_by, $7::text::pg_snapshot)
    UNION
    SELECT own.person_id
    FROM participations AS fact JOIN participations AS own USING (session_id, month)
    WHERE month >= $2::date - interval '1 month' AND month < $3::date + interval '4 months'
        AND fact.changed_by::text::bigint >= pg_snapshot_xmin($7::text::pg_snapshot)::text::bigint
        AND NOT pg_visible_in_snapshot(fact.changed_by, $7::text::pg_snapshot)
)
SELECT coalesce(cell_of($1::text, unit_path, $5::text, NULL, NULL, date_trunc('month', hired_on)::date), '') AS cell,
    count(*) AS persons
FROM hired JOIN changed USING (person_id)
WHERE hired_on >= $2::date AND hired_on < $3::date AND $4::uuid IS NULL AND $6::text IS NULL
    AND ($5::text IS NULL OR $5 = ANY (unit_path))
GROUP BY 1

-- name: everything_shown
-- All sets of these people that were ever shown of overlapping months, whatever of them was: counts, rates or means.
SELECT people, window_start, window_end, by, programme_id, unit, format, cell, seen
FROM released_sets WHERE people = ANY ($1::text[]) AND window_start < $3 AND window_end > $2
ORDER BY people, window_start, window_end, by, programme_id, unit, format, cell, seen

-- name: store_sets
INSERT INTO released_sets (people, window_start, window_end, by, programme_id, unit, format, cell, seen)
SELECT $1, $2, $3, $4, $5, $6, $7, cell, seen FROM unnest($8::text[], $9::text[]) AS shown (cell, seen)
ORDER BY cell
ON CONFLICT DO NOTHING

-- name: classes
-- People no table so far tells apart: by month, path as deep as any table goes, programme and format, and by how old
-- their facts are: `ages` counts the views in $4, in order of time, that had not seen them. A person's ages are bits
-- until people are counted: they are put together by hash, a sorted list for each person is not.
WITH written AS MATERIALIZED (
    SELECT changed_by, set_bit(repeat('0', cardinality($4::text[]) + 1)::varbit, age_in(changed_by, $4::text[]), 1) AS age
    FROM (SELECT DISTINCT changed_by FROM participations WHERE month >= $1::date AND month < $2::date) AS transactions
)
SELECT month, unit_path, programme_id, format, count(*)::int AS persons,
    ARRAY(SELECT age FROM generate_series(0, cardinality($4::text[])) AS age WHERE substr(bits, age + 1, 1) = '1') AS ages
FROM (
    SELECT month, unit_path[:$3::int] AS unit_path, programme_id, format, person_id, bit_or(age)::text AS bits
    FROM participations JOIN written USING (changed_by) WHERE month >= $1::date AND month < $2::date
    GROUP BY month, unit_path[:$3::int], programme_id, format, person_id
) AS each
GROUP BY month, unit_path, programme_id, format, bits

-- name: facts_as_seen
-- How many facts a month has; no row where one was written by a transaction that `$2` had not seen. Those that went are
-- missing in the count.
SELECT count(*) FROM participations WHERE month = $1::date
HAVING NOT coalesce(bool_or(NOT pg_visible_in_snapshot(changed_by, $2::text::pg_snapshot)), false)

-- name: classes_of_matches
-- The same of people who were proposed to each other, in the month they first were.
SELECT month, unit_path, programme_id, format, ages, count(*)::int AS persons
FROM (
    SELECT month_of(first_seen_at) AS month,
        (unit_on(member, (first_seen_at AT TIME ZONE 'UTC')::date))[:$3::int] AS unit_path, programme_id,
        coalesce(format, '') AS format, member,
        array_agg(DISTINCT age_in(matches.changed_by, $4::text[])) AS ages
    FROM matches LEFT JOIN programmes USING (programme_id) CROSS JOIN LATERAL unnest(member_ids) AS each (member)
    WHERE member IS NOT NULL AND first_seen_at >= $1::date::timestamp AT TIME ZONE 'UTC'
        AND first_seen_at < $2::date::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2, 3, 4, 5
) AS each
GROUP BY 1, 2, 3, 4, 5

-- name: classes_of_parts
-- The same of measure $5, whose answers come in parts; those of `scrap` by the day they are told on as well.
WITH asked AS (
    SELECT $5::text AS part WHERE $5::text <> 'scrap'
    UNION
    SELECT 'transfer_' || lpad(day::text, 2, '0') FROM check_ins
    WHERE $5::text = 'scrap' AND month >= $1::date AND month < $2::date
),
told AS MATERIALIZED (
    SELECT month, unit_path[:$3::int] AS unit_path, programme_id, format, part, changed_by, sum(persons) AS persons,
        min(lowest) AS lowest, max(highest) AS highest
    FROM asked CROSS JOIN LATERAL answered_parts(part, $1::date, $2::date) GROUP BY 1, 2, 3, 4, 5, 6
),
written AS MATERIALIZED (
    SELECT changed_by, ARRAY[age_in(changed_by, $4::text[])] AS ages
    FROM (SELECT DISTINCT changed_by FROM told) AS transactions
)
SELECT month, unit_path, programme_id, format, ages, ARRAY[part, $5::text] AS sums, sum(persons)::int AS persons,
    min(lowest) AS lowest, max(highest) AS highest
FROM told JOIN written USING (changed_by)
GROUP BY 1, 2, 3, 4, 5, 6

-- name: classes_of_hosts
-- The same of people who facilitate; no table tells them apart by unit.
SELECT month, ('{}'::text[])[:$3::int] AS unit_path, programme_id, format, ages, count(*)::int AS persons
FROM (
    SELECT month_of(starts_at) AS month, programme_id, format, facilitator_id,
        array_agg(DISTINCT age_in(changed_by, $4::text[])) AS ages
    FROM sessions
    WHERE state = 'held' AND facilitator_id IS NOT NULL AND starts_at >= $1::date::timestamp AT TIME ZONE 'UTC'
        AND starts_at < $2::date::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2, 3, 4
) AS each
GROUP BY 1, 2, 3, 4, 5

-- name: classes_of_staff
-- The same for measures of everybody who could have come: by path alone, in this window; by what is known of them and
-- by what they did in it.
WITH written AS MATERIALIZED (
    SELECT changed_by, set_bit(repeat('0', cardinality($4::text[]) + 1)::varbit, age_in(changed_by, $4::text[]), 1) AS age
    FROM (
        SELECT changed_by FROM spans UNION
        SELECT changed_by FROM participations WHERE month >= $1::date AND month < $2::date
    ) AS transactions
),
staff AS (
    SELECT DISTINCT ON (person_id) person_id, unit_path[:$3::int] AS unit_path, changed_by FROM spans
    WHERE status = 'active' AND valid_from < $2::date AND valid_to > $1::date
    ORDER BY person_id, valid_from DESC
),
did AS (
    SELECT person_id, bit_or(age) AS ages FROM participations JOIN written USING (changed_by)
    WHERE month >= $1::date AND month < $2::date
    GROUP BY person_id
)
SELECT $1::date AS month, unit_path, NULL::uuid AS programme_id, NULL::text AS format, count(*)::int AS persons,
    ARRAY(SELECT age FROM generate_series(0, cardinality($4::text[])) AS age WHERE substr(bits, age + 1, 1) = '1') AS ages
FROM (
    SELECT unit_path, (written.age | coalesce(did.ages, written.age))::text AS bits
    FROM staff JOIN written USING (changed_by) LEFT JOIN did USING (person_id)
) AS each
GROUP BY unit_path, bits

-- name: classes_of_newcomers
-- The same of people who were hired, by the month of that: by what is known of them and who was in their sessions.
WITH hired AS (
    SELECT DISTINCT ON (person_id) person_id, hired_on, unit_path[:$3::int] AS unit_path
    FROM membership WHERE person_id IN (SELECT person_id FROM membership WHERE hired_on >= $1::date AND hired_on < $2::date)
    ORDER BY person_id, version DESC, valid_from DESC
),
newcomers AS MATERIALIZED (SELECT * FROM hired WHERE hired_on >= $1::date AND hired_on < $2::date),
own AS MATERIALIZED (
    SELECT person_id, session_id, month FROM participations
    WHERE person_id = ANY (ARRAY(SELECT person_id FROM newcomers))
        AND month >= $1::date - interval '1 month' AND month < $2::date + interval '4 months'
),
present AS MATERIALIZED (
    SELECT DISTINCT session_id, month, changed_by FROM participations
    WHERE session_id = ANY (ARRAY(SELECT session_id FROM own))
        AND month >= $1::date - interval '1 month' AND month < $2::date + interval '4 months'
),
known AS MATERIALIZED (
    SELECT person_id, changed_by FROM spans WHERE person_id = ANY (ARRAY(SELECT person_id FROM newcomers))
    UNION
    SELECT person_id, changed_by FROM own JOIN present USING (session_id, month)
),
written AS MATERIALIZED (
    SELECT changed_by, age_in(changed_by, $4::text[]) AS age FROM (SELECT DISTINCT changed_by FROM known) AS transactions
)
SELECT month, unit_path, NULL::uuid AS programme_id, NULL::text AS format, ages, count(*)::int AS persons
FROM (
    SELECT person_id, date_trunc('month', hired_on)::date AS month, newcomers.unit_path,
        array_agg(DISTINCT age ORDER BY age) AS ages
    FROM newcomers JOIN known USING (person_id) JOIN written USING (changed_by)
    GROUP BY person_id, hired_on, newcomers.unit_path
) AS each
GROUP BY month, unit_path, ages

-- name: store_edition
INSERT INTO editions (measure, scope, seen, k, as_of, definition_version)
VALUES ($1, $2, $3::text::pg_snapshot, $4, $5, $6)
ON CONFLICT (measure, scope) DO UPDATE SET
    seen = excluded.seen, k = excluded.k, as_of = excluded.as_of, definition_version = excluded.definition_version

-- name: snapshot
SELECT pg_current_snapshot()::text

-- name: forget_cells
DELETE FROM releases WHERE measure = $1 AND scope = $2 AND NOT ever_shown AND cell <> ALL ($3::text[])

-- name: store_cells
INSERT INTO releases AS kept (
    measure, scope, cell, window_start, window_end, by, programme_id, unit, format, definition_version, value,
    half_interval, n, denominator, persons, reason, ever_shown, as_of, seen,
    note
)
SELECT $1, $2, cell, $3, $4, $5, $6, $7, $8, $9, value, half_interval, n, denominator, persons, reason, reason IS NULL, as_of,
    seen::pg_snapshot, note
FROM unnest(
    $10::text[], $11::float8[], $12::float8[], $13::int[], $14::bigint[], $15::int[], $16::text[], $17::timestamptz[],
    $18::text[], $19::text[]
) AS cells (cell, value, half_interval, n, denominator, persons, reason, as_of, seen, note)
ORDER BY cell
ON CONFLICT (measure, scope, cell) DO UPDATE SET
    definition_version = excluded.definition_version, value = excluded.value, half_interval = excluded.half_interval,
    n = excluded.n, denominator = excluded.denominator, persons = excluded.persons, reason = excluded.reason,
    ever_shown = kept.ever_shown OR excluded.ever_shown, as_of = excluded.as_of, seen = excluded.seen,
    note = excluded.note

-- name: audiences
-- People by unit and by whether they are in the audience of what is asked for; $1 to $6 as for every measure. Audiences
-- of everybody leave nobody over.
WITH paths AS (
    SELECT unit_path, count(*) AS people
    FROM (
        SELECT DISTINCT ON (person_id) unit_path FROM spans
        WHERE status = 'active' AND valid_from < $3::date AND valid_to > $2::date
        ORDER BY person_id, valid_from DESC
    ) AS staff
    WHERE $5::text IS NULL OR $5 = ANY (unit_path)
    GROUP BY unit_path
),
asked AS (
    SELECT CASE $1::text WHEN 'programme' THEN programme_id::text WHEN 'format' THEN format ELSE '' END AS cell,
        array_agg(DISTINCT code) AS audience
    FROM programmes LEFT JOIN LATERAL unnest(audience_units) AS code ON true
    WHERE status <> 'draft' AND starts_on < $3::date AND ends_on >= $2::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
        AND ($1::text IN ('programme', 'format') OR $4::uuid IS NOT NULL OR $6::text IS NOT NULL)
    GROUP BY 1 HAVING NOT bool_or(audience_units = '{}')
),
placed AS (
    SELECT cell, unit_path, people, CASE WHEN unit_path && audience THEN people ELSE 0 END AS inside
    FROM asked CROSS JOIN paths
)
SELECT cell, unit, sum(people)::int AS people, sum(inside)::int AS inside, audience, unit_path[place - 1] AS above
FROM placed CROSS JOIN LATERAL unnest(unit_path) WITH ORDINALITY AS each (unit, place)
JOIN (SELECT cell, sum(inside)::int AS audience FROM placed GROUP BY cell) AS whole USING (cell)
GROUP BY cell, unit, audience, above
