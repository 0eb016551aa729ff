-- What was shown, and what has changed since.

-- name: lock_measure
SELECT pg_advisory_lock(7300012, hashtext($1))

-- name: unlock_measure
SELECT pg_advisory_unlock(7300012, hashtext($1))

-- name: freeze_thresholds
INSERT INTO thresholds (month, k)
SELECT month, $3 FROM generate_series($1::date, $2::date - 1, interval '1 month') AS month
ON CONFLICT DO NOTHING

-- name: threshold
SELECT max(k) FROM thresholds WHERE month >= $1 AND month < $2

-- name: editions
SELECT measure, scope, seen::text AS seen, k, as_of
FROM editions JOIN unnest($1::text[], $2::text[]) AS asked (measure, scope) USING (measure, scope)

-- name: shown
SELECT measure, scope, cell, value, half_interval, n, denominator, persons, reason, as_of, seen::text AS seen
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
    SELECT FROM programmes WHERE NOT pg_visible_in_snapshot(changed_by, $3::text::pg_snapshot)
)

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

-- name: everything_shown
-- All cells of a measure that were ever shown of overlapping months, other tables' and this one's.
SELECT scope, cell, window_start, window_end, by, programme_id, unit, format
FROM releases
WHERE measure = $1 AND ever_shown AND window_start < $3 AND window_end > $2
ORDER BY as_of, scope, cell

-- name: classes
-- People no table so far tells apart: by month, path as deep as any table goes, programme and format.
SELECT month, unit_path, programme_id, format, count(*)::int AS persons
FROM (
    SELECT DISTINCT month, unit_path[:$3::int] AS unit_path, programme_id, format, person_id
    FROM participations WHERE month >= $1::date AND month < $2::date
) AS each
GROUP BY 1, 2, 3, 4

-- name: classes_of_matches
-- The same of people who were proposed to each other, in the month they first were.
SELECT month, unit_path[:$3::int] AS unit_path, programme_id, format, count(DISTINCT member)::int AS persons
FROM (
    SELECT month_of(first_seen_at) AS month, unit_on(member, (first_seen_at AT TIME ZONE 'UTC')::date) AS unit_path,
        programme_id, coalesce(format, '') AS format, member
    FROM matches LEFT JOIN programmes USING (programme_id) CROSS JOIN LATERAL unnest(member_ids) AS each (member)
    WHERE member IS NOT NULL AND first_seen_at >= $1::date::timestamp AT TIME ZONE 'UTC'
        AND first_seen_at < $2::date::timestamp AT TIME ZONE 'UTC'
) AS each
GROUP BY 1, 2, 3, 4

-- name: classes_of_hosts
-- The same of people who facilitate; no table tells them apart by unit.
SELECT month_of(starts_at) AS month, ('{}'::text[])[:$3::int] AS unit_path, programme_id, format,
    count(DISTINCT facilitator_id)::int AS persons
FROM sessions
WHERE state = 'held' AND facilitator_id IS NOT NULL AND starts_at >= $1::date::timestamp AT TIME ZONE 'UTC'
    AND starts_at < $2::date::timestamp AT TIME ZONE 'UTC'
GROUP BY 1, 2, 3, 4

-- name: classes_of_staff
-- The same for measures of everybody who could have come: by path alone, in this window.
SELECT $1::date AS month, unit_path[:$3::int] AS unit_path, NULL::uuid AS programme_id, NULL::text AS format,
    count(*)::int AS persons
FROM (
    SELECT DISTINCT ON (person_id) person_id, unit_path FROM spans
    WHERE status = 'active' AND valid_from < $2::date AND valid_to > $1::date
    ORDER BY person_id, valid_from DESC
) AS staff
GROUP BY 1, 2

-- name: store_edition
INSERT INTO editions (measure, scope, seen, k, as_of)
VALUES ($1, $2, $3::text::pg_snapshot, $4, $5)
ON CONFLICT (measure, scope) DO UPDATE SET seen = excluded.seen, k = excluded.k, as_of = excluded.as_of

-- name: snapshot
SELECT pg_current_snapshot()::text

-- name: forget_cells
DELETE FROM releases WHERE measure = $1 AND scope = $2 AND NOT ever_shown AND cell <> ALL ($3::text[])

-- name: store_cells
INSERT INTO releases AS kept (
    measure, scope, cell, window_start, window_end, by, programme_id, unit, format, definition_version, value,
    half_interval, n, denominator, persons, reason, ever_shown, as_of, seen
)
SELECT $1, $2, cell, $3, $4, $5, $6, $7, $8, $9, value, half_interval, n, denominator, persons, reason, reason IS NULL, as_of,
    seen::pg_snapshot
FROM unnest(
    $10::text[], $11::float8[], $12::float8[], $13::int[], $14::bigint[], $15::int[], $16::text[], $17::timestamptz[],
    $18::text[]
) AS cells (cell, value, half_interval, n, denominator, persons, reason, as_of, seen)
ORDER BY cell
ON CONFLICT (measure, scope, cell) DO UPDATE SET
    definition_version = excluded.definition_version, value = excluded.value, half_interval = excluded.half_interval,
    n = excluded.n, denominator = excluded.denominator, persons = excluded.persons, reason = excluded.reason,
    ever_shown = kept.ever_shown OR excluded.ever_shown, as_of = excluded.as_of, seen = excluded.seen
