-- Dead letters taken up again by an operator.

-- name: open_heads
-- The oldest open letter of each key; letters without a key, and of full-state topics, stand for themselves.
SELECT min(id) AS id, topic, count(*) AS letters
FROM dead_letters
WHERE consumer = $1 AND state = 'open'
  AND ($2::bigint IS NULL OR id = $2)
  AND ($3::text IS NULL OR reason = $3)
  AND ($4::text IS NULL OR topic = $4)
  AND ($5::text IS NULL OR key = $5)
GROUP BY topic, key, CASE WHEN key IS NULL OR topic = ANY ($7::text[]) THEN id END
ORDER BY min(id)
LIMIT $6

-- name: is_parked
SELECT true FROM parked_keys WHERE consumer = $1 AND topic = $2 AND key = $3 FOR UPDATE

-- name: list_letters
SELECT id, topic, partition, record_offset, event_type, reason, detail, attempts, state, parked_at
FROM dead_letters
WHERE consumer = $1 AND ($2::text IS NULL OR state = $2) AND id > $3
  AND ($4::text IS NULL OR reason = $4)
  AND ($5::text IS NULL OR topic = $5)
ORDER BY id LIMIT $6

-- name: list_parked_keys
SELECT p.topic, p.key, p.parked_at, count(d.id) AS waiting, min(d.id) AS first
FROM parked_keys p
LEFT JOIN dead_letters d
    ON d.consumer = p.consumer AND d.topic = p.topic AND d.key = p.key AND d.state = 'open'
WHERE p.consumer = $1
GROUP BY p.topic, p.key, p.parked_at
ORDER BY p.parked_at, p.topic, p.key
LIMIT $2
