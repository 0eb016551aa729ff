-- Who learns with whom, unit by unit: counted once for each month that is over. No row is about one person.

CREATE TABLE networks (
    month     date PRIMARY KEY,
    people    int NOT NULL,
    tied      int NOT NULL,
    isolated  int NOT NULL,
    connected int NOT NULL,
    units_met bigint NOT NULL,
    k         int NOT NULL CHECK (k >= 3),
    as_of     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN networks.connected IS 'people of the largest connected group';

CREATE TABLE network_cells (
    month        date NOT NULL REFERENCES networks,
    unit         text NOT NULL,
    other        text NOT NULL,
    staff        int NOT NULL,
    other_staff  int NOT NULL,
    people       int NOT NULL,
    other_people int NOT NULL,
    ties         int NOT NULL,
    met          int NOT NULL,
    new_ties     int NOT NULL,
    weight       float8 NOT NULL,
    PRIMARY KEY (month, unit, other)
);
COMMENT ON COLUMN network_cells.people IS 'people of `unit` with a tie into `other`';
COMMENT ON COLUMN network_cells.met IS 'ties with a session in the month itself';

-- The staff at the end of a month and their ties of the year before it, until the transaction ends.
CREATE FUNCTION gather_network(wanted date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE network_staff ON COMMIT DROP AS
    SELECT person_id, unit_below(unit_path, NULL) AS unit
    FROM spans
    WHERE status = 'active' AND valid_from < (wanted + interval '1 month') AND valid_to >= (wanted + interval '1 month');
    -- A session of n people adds 1/(n-1) to each tie in it, halved every 90 days (Newman).
    CREATE TEMP TABLE network_ties ON COMMIT DROP AS
    WITH here AS (
        SELECT session_id, person_id, unit, starts_at, month, count(*) OVER (PARTITION BY session_id, month) AS size
        FROM participations JOIN network_staff USING (person_id)
        WHERE state = 'attended' AND month >= (wanted - interval '12 months') AND month <= wanted
    )
    SELECT one.person_id AS one, another.person_id AS another, one.unit, another.unit AS other,
        sum(0.5 ^ (extract(epoch FROM (wanted + interval '1 month')::timestamp AT TIME ZONE 'UTC' - one.starts_at)
            / 86400.0 / 90.0) / (one.size - 1))::float8 AS weight,
        bool_or(one.month = wanted) AS met, bool_and(one.month = wanted) AS new
    FROM here AS one JOIN here AS another
        ON another.session_id = one.session_id AND another.month = one.month
        AND (another.unit, another.person_id) > (one.unit, one.person_id)
    GROUP BY one.person_id, another.person_id, one.unit, another.unit;
END $$;

CREATE FUNCTION gathered_staff() RETURNS SETOF uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT person_id FROM network_staff;
END $$;

CREATE FUNCTION gathered_ties() RETURNS TABLE (one uuid, another uuid) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT tie.one, tie.another FROM network_ties AS tie;
END $$;

CREATE FUNCTION keep_network(wanted date, connected_people int, least_people int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH each AS (
        SELECT one AS person_id, other AS met FROM network_ties UNION SELECT another, unit FROM network_ties
    )
    INSERT INTO networks (month, people, tied, isolated, connected, units_met, k)
    SELECT wanted, (SELECT count(*) FROM network_staff), count(DISTINCT person_id),
        (SELECT count(*) FROM network_staff) - count(DISTINCT person_id), connected_people, count(*), least_people
    FROM each;
    -- A tie inside a unit has both its people on either side.
    WITH sizes AS (SELECT unit, count(*) AS staff FROM network_staff GROUP BY unit),
    sides AS (
        SELECT unit, other, one AS person, another AS facing FROM network_ties
        UNION ALL SELECT unit, other, another, one FROM network_ties WHERE unit = other
    ),
    people AS (
        SELECT unit, other, count(DISTINCT person) AS people, count(DISTINCT facing) AS other_people
        FROM sides GROUP BY unit, other
    ),
    sums AS (
        SELECT unit, other, count(*) AS ties, count(*) FILTER (WHERE met) AS met, count(*) FILTER (WHERE new) AS new_ties,
            sum(weight) AS weight
        FROM network_ties GROUP BY unit, other
    )
    INSERT INTO network_cells (month, unit, other, staff, other_staff, people, other_people, ties, met, new_ties, weight)
    SELECT wanted, sums.unit, sums.other, sizes.staff, others.staff, people, other_people, ties, met, new_ties, weight
    FROM sums JOIN people USING (unit, other) JOIN sizes ON sizes.unit = sums.unit JOIN sizes AS others ON others.unit = sums.other;
END $$;
