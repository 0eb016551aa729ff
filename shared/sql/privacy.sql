-- Legal holds, retention's record, and what delivery and HTTP still hold of somebody.

-- name: project_holds
INSERT INTO legal_holds AS known (person_id, version, held)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::boolean[])
ON CONFLICT (person_id) DO UPDATE SET version = excluded.version, held = excluded.held
WHERE known.version < excluded.version

-- name: held
SELECT person_id FROM legal_holds WHERE held AND person_id = ANY ($1::uuid[])

-- name: record_purge
INSERT INTO purges (table_name, data_class, older_than, rows) VALUES ($1, $2, $3, $4)

-- name: latest_purges
SELECT DISTINCT ON (table_name) table_name, at, older_than, rows FROM purges ORDER BY table_name, id DESC

-- name: columns
-- Columns as they are in the database, with what their comments say.
SELECT c.relname AS table_name, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       col_description(c.oid, a.attnum) AS comment
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.relname, a.attnum

-- name: letters_of
-- What asks for an erasure is not what it erases.
SELECT id, sealed_for FROM dead_letters WHERE key = ANY ($1::text[]) AND topic <> $2

-- name: unclear_letters
-- Whom they are about only their bytes say.
SELECT * FROM dead_letters
WHERE (key IS NULL OR reason = 'undecodable') AND value IS NOT NULL AND id > $1
ORDER BY id LIMIT $2

-- name: forget_letters
-- The record goes, the fact that there was one stays: completeness still adds up.
UPDATE dead_letters SET key = NULL, key_bytes = NULL, value = NULL, header_names = '{}', header_values = '{}',
    sealed_for = NULL, detail = 'erased', state = CASE state WHEN 'open' THEN 'discarded' ELSE state END,
    closed_at = coalesce(closed_at, now()), closed_why = coalesce(closed_why, 'the person was erased')
WHERE id = ANY ($1::bigint[])

-- name: forget_parked_keys
DELETE FROM parked_keys WHERE key = ANY ($1::text[])

-- name: forget_events
-- A value that is gone travels as a tombstone if it is ever published again: what shall be said of them now.
UPDATE outbox SET value = NULL
WHERE key = ANY ($1::text[]) AND topic = ANY ($2::text[]) AND value IS NOT NULL

-- name: forget_replies
-- The key stays taken, so that the request has no second effect.
UPDATE idempotency_keys SET status = 410, body = NULL, etag = NULL
WHERE EXISTS (SELECT FROM unnest($1::bytea[]) AS name WHERE position(name IN body) > 0)
