-- A month's network is of its own sessions alone: networks that share sessions could be subtracted from each other.

CREATE OR REPLACE FUNCTION gather_network(wanted date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE network_staff ON COMMIT DROP AS
    SELECT person_id, unit_below(unit_path, NULL) AS unit
    FROM spans
    WHERE status = 'active' AND valid_from < (wanted + interval '1 month') AND valid_to >= (wanted + interval '1 month');
    -- A session of n people adds 1/(n-1) to each tie in it, halved every 90 days (Newman). The year before says no more
    -- than whether a tie is new.
    CREATE TEMP TABLE network_ties ON COMMIT DROP AS
    WITH here AS (
        SELECT session_id, person_id, unit, starts_at, month, count(*) OVER (PARTITION BY session_id, month) AS size
        FROM participations JOIN network_staff USING (person_id)
        WHERE state = 'attended' AND month >= (wanted - interval '12 months') AND month <= wanted
    )
    SELECT one.person_id AS one, another.person_id AS another, one.unit, another.unit AS other,
        sum(0.5 ^ (extract(epoch FROM (wanted + interval '1 month')::timestamp AT TIME ZONE 'UTC' - one.starts_at)
            / 86400.0 / 90.0) / (one.size - 1)) FILTER (WHERE one.month = wanted)::float8 AS weight,
        true AS met, bool_and(one.month = wanted) AS new
    FROM here AS one JOIN here AS another
        ON another.session_id = one.session_id AND another.month = one.month
        AND (another.unit, another.person_id) > (one.unit, one.person_id)
    GROUP BY one.person_id, another.person_id, one.unit, another.unit
    HAVING bool_or(one.month = wanted);
END $$;
