-- Everybody who could have come, as before, in less time: programmes of one audience and the same days are asked once.
CREATE OR REPLACE FUNCTION expected_people(by text, first date, after date, programme uuid, inside text, format_code text)
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
    told AS (
        SELECT slice, audience, starts, ends, dense_rank() OVER (ORDER BY audience, starts, ends) AS number,
            count(*) OVER (PARTITION BY slice) AS audiences
        FROM (
            SELECT DISTINCT cell_of(by, NULL, NULL, programme_id, format, month) AS slice, audience, starts, ends FROM asked
        ) AS each
    ),
    stays AS (
        SELECT number, starts, ends, span.person_id, span.unit_path, max(span.valid_from) AS since,
            sum(least(span.valid_to, ends) - greatest(span.valid_from, starts)) AS days
        FROM (SELECT DISTINCT number, audience, starts, ends FROM told) AS each JOIN spans AS span
            ON span.status = 'active' AND span.valid_from < ends AND span.valid_to > starts
            AND (audience = '{}' OR span.unit_path && audience)
        GROUP BY number, starts, ends, span.person_id, span.unit_path
    ),
    employed AS (
        SELECT *, sum(days) OVER (PARTITION BY number, stays.person_id) AS in_all FROM stays
    ),
    belonging AS (
        SELECT DISTINCT ON (number, person_id) number, employed.person_id, unit_path, days, since
        FROM employed WHERE 2 * in_all >= ends - starts
        ORDER BY number, person_id, days DESC, since DESC, unit_path
    ),
    eligible AS (
        SELECT slice, belonging.person_id, unit_path FROM told JOIN belonging USING (number) WHERE audiences = 1
        UNION ALL
        SELECT * FROM (
            SELECT DISTINCT ON (slice, person_id) slice, belonging.person_id, unit_path
            FROM told JOIN belonging USING (number) WHERE audiences > 1
            ORDER BY slice, person_id, days DESC, since DESC, unit_path
        ) AS several
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
        SELECT slice, person_id, attended.unit_path IS NOT NULL AS came,
            coalesce(nullif(attended.unit_path, '{}'), eligible.unit_path) AS unit_path
        FROM eligible LEFT JOIN attended USING (slice, person_id)
    )
    SELECT CASE by WHEN 'unit' THEN cell_of(by, unit_path, inside, NULL, NULL, NULL) ELSE slice END, placed.person_id,
        unit_path[cardinality(unit_path)], placed.came
    FROM placed WHERE inside IS NULL OR inside = ANY (unit_path)
$$;
