-- Ties of a month that is over, from the facts of the year before it; $1 is its first day.

-- name: next_month
-- The newest of the last twelve closed months that has facts and no network yet.
SELECT month::date FROM generate_series(
    date_trunc('month', $1::date) - interval '12 months', date_trunc('month', $1::date) - interval '1 month',
    interval '1 month'
) AS month
WHERE NOT EXISTS (SELECT FROM networks WHERE networks.month = month.month::date)
    AND EXISTS (SELECT FROM participations AS fact WHERE fact.month = month.month::date AND state = 'attended')
ORDER BY month DESC
LIMIT 1

-- name: gather_staff
CREATE TEMP TABLE network_staff ON COMMIT DROP AS
SELECT person_id, unit_below(unit_path, NULL) AS unit
FROM spans
WHERE status = 'active' AND valid_from < ($1::date + interval '1 month') AND valid_to >= ($1::date + interval '1 month')

-- name: gather_ties
-- A session of n people adds 1/(n-1) to each tie in it, halved every 90 days (Newman).
CREATE TEMP TABLE network_ties ON COMMIT DROP AS
WITH here AS (
    SELECT session_id, person_id, unit, starts_at, month, count(*) OVER (PARTITION BY session_id, month) AS size
    FROM participations JOIN network_staff USING (person_id)
    WHERE state = 'attended' AND month >= ($1::date - interval '12 months') AND month <= $1::date
)
SELECT one.person_id AS one, another.person_id AS another, one.unit, another.unit AS other,
    sum(0.5 ^ (extract(epoch FROM ($1::date + interval '1 month')::timestamp AT TIME ZONE 'UTC' - one.starts_at)
        / 86400.0 / 90.0) / (one.size - 1))::float8 AS weight,
    bool_or(one.month = $1::date) AS met, bool_and(one.month = $1::date) AS new
FROM here AS one JOIN here AS another
    ON another.session_id = one.session_id AND another.month = one.month
    AND (another.unit, another.person_id) > (one.unit, one.person_id)
GROUP BY one.person_id, another.person_id, one.unit, another.unit

-- name: ties
SELECT one, another FROM network_ties

-- name: people
SELECT person_id FROM network_staff

-- name: add_network
WITH each AS (
    SELECT one AS person_id, other AS met FROM network_ties UNION SELECT another, unit FROM network_ties
)
INSERT INTO networks (month, people, tied, isolated, connected, units_met, k)
SELECT $1::date, (SELECT count(*) FROM network_staff), count(DISTINCT person_id),
    (SELECT count(*) FROM network_staff) - count(DISTINCT person_id), $2, count(*), $3
FROM each

-- name: add_cells
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
SELECT $1::date, sums.unit, sums.other, sizes.staff, others.staff, people, other_people, ties, met, new_ties, weight
FROM sums JOIN people USING (unit, other) JOIN sizes ON sizes.unit = sums.unit JOIN sizes AS others ON others.unit = sums.other

-- name: network
SELECT * FROM networks WHERE $1::date IS NULL OR month = $1 ORDER BY month DESC LIMIT 1

-- name: cells
SELECT cell.*, coalesce(one.name, cell.unit) AS label, coalesce(another.name, cell.other) AS other_label
FROM network_cells AS cell
LEFT JOIN units AS one ON one.code = cell.unit LEFT JOIN units AS another ON another.code = cell.other
WHERE month = $1
ORDER BY unit, other
