-- What was asked.

-- name: note
INSERT INTO query_log (roles, what, selection, purpose) VALUES ($1, $2, $3, $4)

-- name: queries
SELECT * FROM query_log WHERE $1::bigint IS NULL OR query_id < $1 ORDER BY query_id DESC LIMIT $2

-- name: summary
-- What was asked in the last thirty days, how often, by whom and how often without a purpose.
SELECT what, count(*)::int AS times, (count(*) FILTER (WHERE purpose = $1))::int AS without_purpose,
    max(asked_at) AS last_at,
    (SELECT array_agg(DISTINCT role ORDER BY role) FROM query_log AS each, unnest(each.roles) AS role
     WHERE each.what = query_log.what AND each.asked_at > now() - interval '30 days') AS roles
FROM query_log WHERE asked_at > now() - interval '30 days'
GROUP BY what
ORDER BY times DESC, what
LIMIT 50
