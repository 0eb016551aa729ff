-- How many people bridge divisions: their ties are not mainly in one. Null in networks that were counted before.
ALTER TABLE networks ADD COLUMN bridging int;

CREATE OR REPLACE FUNCTION keep_network(wanted date, connected_people int, least_people int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH ends AS (
        SELECT one AS person_id, other AS met, weight FROM network_ties
        UNION ALL SELECT another, unit, weight FROM network_ties
    ),
    each AS (SELECT person_id, met, sum(weight) AS weight FROM ends GROUP BY person_id, met),
    -- Constraint with divisions for contacts: 1 with all ties in one of them, 1/n with as much in each of n.
    spread AS (
        SELECT person_id, count(*) AS met, sum(weight * weight) / sum(weight) ^ 2 <= 0.5 + 1e-9 AS bridges
        FROM each GROUP BY person_id
    )
    INSERT INTO networks (month, people, tied, isolated, connected, units_met, k, bridging)
    SELECT wanted, (SELECT count(*) FROM network_staff), count(*), (SELECT count(*) FROM network_staff) - count(*),
        connected_people, coalesce(sum(met), 0), least_people, count(*) FILTER (WHERE bridges)
    FROM spread;
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
