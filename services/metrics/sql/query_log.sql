-- What was asked.

-- name: note
INSERT INTO query_log (roles, what, selection, purpose) VALUES ($1, $2, $3, $4)

-- name: queries
SELECT * FROM query_log WHERE $1::bigint IS NULL OR query_id < $1 ORDER BY query_id DESC LIMIT $2
