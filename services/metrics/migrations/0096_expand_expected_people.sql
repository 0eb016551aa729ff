-- Everybody who could have come, by cell, each in one unit of it: actively employed on half of the window's days or more,
-- wherever inside the audience. Whoever came counts where they were at the last session they came to, everybody else
-- where they were on most days.
CREATE FUNCTION expected_people(by text, first date, after date, programme uuid, inside text, format_code text)
RETURNS TABLE (cell text, person_id uuid, unit_code text, came boolean) LANGUAGE sql STABLE AS $$
    WITH slices AS (
        SELECT start::date AS starts, (start + interval '1 month')::date AS ends, start::date AS month
        FROM generate_series(first, after - 1, interval '1 month') AS start WHERE by = 'month'
        UNION ALL
        SELECT first, after, NULL WHERE by <> 'month'
    ),
    asked AS (
        SELECT NULL::uuid AS programme_id, NULL::text AS format, '{}'::text[] AS audience, starts, ends, month
        FROM slices WHERE by NOT IN ('programme', 'format') AND programme IS NULL AND format_code IS NULL
        UNION ALL
        SELECT p.programme_id, p.format, audience_units, greatest(starts, starts_on), least(ends, ends_on + 1), month
        FROM slices JOIN programmes AS p ON starts_on < ends AND ends_on >= starts
        WHERE status <> 'draft' AND (by IN ('programme', 'format') OR programme IS NOT NULL OR format_code IS NOT NULL)
            AND (programme IS NULL OR p.programme_id = programme) AND (format_code IS NULL OR p.format = format_code)
    ),
    stays AS (
        SELECT programme_id, format, month, starts, ends, span.person_id, span.unit_path, max(span.valid_from) AS since,
            sum(least(span.valid_to, ends) - greatest(span.valid_from, starts)) AS days
        FROM asked JOIN spans AS span
            ON span.status = 'active' AND span.valid_from < ends AND span.valid_to > starts
            AND (audience = '{}' OR span.unit_path && audience)
        GROUP BY programme_id, format, month, starts, ends, span.person_id, span.unit_path
    ),
    employed AS (
        SELECT *, sum(days) OVER (PARTITION BY programme_id, month, stays.person_id) AS in_all FROM stays
    ),
    eligible AS (
        SELECT DISTINCT ON (slice, person_id) cell_of(by, NULL, NULL, programme_id, format, month) AS slice,
            employed.person_id, programme_id, format, month, unit_path
        FROM employed WHERE 2 * in_all >= ends - starts
        ORDER BY slice, person_id, days DESC, since DESC, unit_path
    ),
    attended AS (
        SELECT DISTINCT ON (slice, person_id)
            cell_of(by, NULL, NULL, fact.programme_id, fact.format, fact.month) AS slice, fact.person_id, fact.unit_path
        FROM participations AS fact
        WHERE state = 'attended' AND fact.month >= first AND fact.month < after
            AND (programme IS NULL OR fact.programme_id = programme)
            AND (format_code IS NULL OR fact.format = format_code)
        ORDER BY slice, person_id, starts_at DESC, session_id
    ),
    placed AS (
        SELECT person_id, programme_id, format, month, attended.unit_path IS NOT NULL AS came,
            coalesce(nullif(attended.unit_path, '{}'), eligible.unit_path) AS unit_path
        FROM eligible LEFT JOIN attended USING (slice, person_id)
    )
    SELECT cell_of(by, unit_path, inside, programme_id, format, month), placed.person_id,
        unit_path[cardinality(unit_path)], placed.came
    FROM placed WHERE inside IS NULL OR inside = ANY (unit_path)
$$;

-- A network is of those who could have come in its month and of those who did, each in one unit: whoever left before its
-- end has the ties they made.
CREATE OR REPLACE FUNCTION gather_network(wanted date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    following date := wanted + interval '1 month';
BEGIN
    CREATE TEMP TABLE network_staff ON COMMIT DROP AS
    SELECT person_id, cell AS unit FROM expected_people('unit', wanted, following, NULL, NULL, NULL);
    INSERT INTO network_staff (person_id, unit)
    SELECT DISTINCT ON (person_id) person_id, unit_below(unit_path, NULL) FROM participations AS fact
    WHERE state = 'attended' AND month = wanted AND unit_path <> '{}'
        AND NOT EXISTS (SELECT FROM network_staff AS counted WHERE counted.person_id = fact.person_id)
    ORDER BY person_id, starts_at DESC, session_id;
    -- A session of n people adds 1/(n-1) to each tie in it, halved every 90 days (Newman). The year before says no more
    -- than whether a tie is new.
    CREATE TEMP TABLE network_ties ON COMMIT DROP AS
    WITH everybody AS (
        SELECT session_id, person_id, starts_at, month, count(*) OVER (PARTITION BY session_id, month) AS size
        FROM participations
        WHERE state = 'attended' AND month >= (wanted - interval '12 months') AND month <= wanted
    ),
    here AS (SELECT * FROM everybody JOIN network_staff USING (person_id))
    SELECT one.person_id AS one, another.person_id AS another, one.unit, another.unit AS other,
        sum(0.5 ^ (extract(epoch FROM following::timestamp AT TIME ZONE 'UTC' - one.starts_at) / 86400.0 / 90.0)
            / (one.size - 1)) FILTER (WHERE one.month = wanted)::float8 AS weight,
        true AS met, bool_and(one.month = wanted) AS new
    FROM here AS one JOIN here AS another
        ON another.session_id = one.session_id AND another.month = one.month
        AND (another.unit, another.person_id) > (one.unit, one.person_id)
    GROUP BY one.person_id, another.person_id, one.unit, another.unit
    HAVING bool_or(one.month = wanted);
END $$;
