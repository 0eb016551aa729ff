-- Ties of a month that is over; the year before it says which of them are new.

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

-- name: gather_network
SELECT gather_network($1)

-- name: ties
SELECT one, another FROM gathered_ties()

-- name: people
SELECT gathered_staff()

-- name: threshold
SELECT coalesce(max(k), $2) FROM thresholds WHERE month BETWEEN $1::date - interval '12 months' AND $1

-- name: keep_network
SELECT keep_network($1, $2, $3)

-- name: network
SELECT * FROM networks WHERE $1::date IS NULL OR month = $1 ORDER BY month DESC LIMIT 1

-- name: cells
SELECT cell.*, coalesce(one.name, cell.unit) AS label, coalesce(another.name, cell.other) AS other_label
FROM network_cells AS cell
LEFT JOIN units AS one ON one.code = cell.unit LEFT JOIN units AS another ON another.code = cell.other
WHERE month = $1
ORDER BY unit, other
