-- The outbox, the inbox, dead letters and parked keys.

-- name: claim
-- Returns those that were claimed before: as a rule none, where returning the new ones would return all.
WITH wanted AS (SELECT * FROM unnest($2::text[], $3::text[]) AS given (source, event_id)),
claimed AS (
    INSERT INTO inbox (consumer, source, event_id) SELECT $1, source, event_id FROM wanted
    ON CONFLICT DO NOTHING
    RETURNING source, event_id
)
SELECT source, event_id FROM wanted LEFT JOIN claimed USING (source, event_id) WHERE claimed.event_id IS NULL

-- name: prune_inbox
DELETE FROM inbox WHERE claimed_at < now() - interval '35 days'

-- name: append
-- One; many are copied in.
INSERT INTO outbox (topic, key, header_names, header_values, value) VALUES ($1, $2, $3, $4, $5)

-- name: unpublished
SELECT id, created_at, topic, key, header_names, header_values, value
FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT $1

-- name: mark_published
UPDATE outbox SET published_at = now()
WHERE id = ANY ($1::bigint[]) AND created_at BETWEEN $2 AND $3

-- name: backlog
SELECT count(*) AS pending, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest,
       (SELECT count(*) FROM dead_letters WHERE state = 'open') AS letters,
       (SELECT count(*) FROM parked_keys) AS keys
FROM outbox WHERE published_at IS NULL

-- name: maintain_outbox
SELECT maintain_outbox()

-- name: locked_parked_keys
SELECT topic, key FROM parked_keys
WHERE consumer = $1 AND topic = ANY ($2::text[]) AND key = ANY ($3::text[])
FOR SHARE

-- name: lock_parked_key
SELECT FROM parked_keys WHERE consumer = $1 AND topic = $2 AND key = $3 FOR UPDATE

-- name: park_keys
INSERT INTO parked_keys (consumer, topic, key)
SELECT $1, topic, key FROM unnest($2::text[], $3::text[]) AS wanted (topic, key)
ON CONFLICT DO NOTHING

-- name: unpark_key
DELETE FROM parked_keys WHERE consumer = $1 AND topic = $2 AND key = $3

-- name: insert_dead_letter
INSERT INTO dead_letters (
    consumer, topic, partition, record_offset, key, event_type, event_id,
    header_names, header_values, key_bytes, value, reason, detail, attempts, sealed_for
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (consumer, topic, partition, record_offset) DO NOTHING
RETURNING id

-- name: supersede_dead_letters
UPDATE dead_letters d SET state = 'superseded', closed_at = now(), closed_why = 'a later full state was applied'
FROM unnest($2::text[], $3::text[], $4::int[], $5::bigint[]) AS applied (topic, key, partition, record_offset)
WHERE d.consumer = $1 AND d.state = 'open' AND d.topic = applied.topic AND d.key = applied.key
  AND d.partition = applied.partition AND d.record_offset < applied.record_offset

-- name: list_dead_letters
SELECT id, topic, partition, record_offset, key, event_type, reason, detail, attempts, state, parked_at
FROM dead_letters
WHERE consumer = $1 AND ($2::text IS NULL OR state = $2)
ORDER BY id LIMIT $3

-- name: get_dead_letter
SELECT * FROM dead_letters WHERE consumer = $1 AND id = $2

-- name: open_dead_letters_of_key
SELECT * FROM dead_letters
WHERE consumer = $1 AND topic = $2 AND key IS NOT DISTINCT FROM $3 AND state = 'open'
ORDER BY id

-- name: close_dead_letter
UPDATE dead_letters SET state = $3, closed_at = now(), closed_why = $4, attempts = attempts + 1
WHERE consumer = $1 AND id = $2 AND state = 'open'

-- name: stop_consumer
INSERT INTO consumer_stops (consumer, why) VALUES ($1, $2) ON CONFLICT (consumer) DO NOTHING

-- name: why_stopped
SELECT why FROM consumer_stops WHERE consumer = $1

-- name: resume_consumer
DELETE FROM consumer_stops WHERE consumer = $1 RETURNING why

-- name: record_ingested
-- Records as runs of offsets that follow each other.
WITH seen AS (
    SELECT * FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::date[], $7::boolean[])
        AS run (topic, partition, first, records, day, compacted)
), fresh AS (
    SELECT seen.topic, seen.partition, day, compacted, coalesce(p.next_offset, 0) AS expected,
           first + records AS next_offset, first + records - greatest(first, coalesce(p.next_offset, 0)) AS records
    FROM seen LEFT JOIN consumed_positions p
        ON p.consumer = $1 AND p.topic = seen.topic AND p.partition = seen.partition
    WHERE first + records > coalesce(p.next_offset, 0)
), ranges AS (
    SELECT topic, partition, min(day) AS day, bool_or(compacted) AS compacted, max(next_offset) AS next_offset,
           (max(next_offset) - min(expected) - sum(records))::bigint AS gap
    FROM fresh GROUP BY topic, partition
), moved AS (
    INSERT INTO consumed_positions AS p (consumer, topic, partition, next_offset)
    SELECT $1, topic, partition, next_offset FROM ranges ORDER BY topic, partition
    ON CONFLICT (consumer, topic, partition) DO UPDATE SET next_offset = greatest(p.next_offset, excluded.next_offset)
), counted AS (
    SELECT topic, day, sum(records) AS records FROM fresh GROUP BY topic, day
    UNION ALL
    -- What compaction has removed was superseded, not lost.
    SELECT topic, day, gap FROM ranges WHERE compacted AND gap > 0
), added AS (
    INSERT INTO ingested AS i (consumer, topic, day, records)
    SELECT $1, topic, day, sum(records) FROM counted GROUP BY topic, day ORDER BY topic, day
    ON CONFLICT (consumer, topic, day) DO UPDATE SET records = i.records + excluded.records
)
SELECT topic, gap FROM ranges WHERE gap > 0 AND NOT compacted

-- name: positions
SELECT topic, partition, next_offset FROM consumed_positions WHERE consumer = $1

-- name: record_produced
INSERT INTO produced AS p (consumer, topic, day, records, as_of)
SELECT $1, topic, day, records, now() FROM unnest($2::text[], $3::date[], $4::bigint[]) AS counted (topic, day, records)
ON CONFLICT (consumer, topic, day) DO UPDATE SET records = greatest(p.records, excluded.records), as_of = now()

-- name: completeness
SELECT topic, day, coalesce(p.records, 0) AS produced, coalesce(i.records, 0) AS ingested, p.as_of
FROM (SELECT * FROM produced WHERE consumer = $1) p
FULL JOIN (SELECT * FROM ingested WHERE consumer = $1) i USING (topic, day)
WHERE coalesce(p.records, 0) + coalesce(i.records, 0) > 0
ORDER BY day DESC, topic

-- name: refused_and_due
SELECT * FROM dead_letters
WHERE consumer = $1 AND topic = ANY ($2::text[]) AND state = 'open' AND reason = 'refused'
  AND attempts <= 5 AND parked_at + attempts * attempts * interval '2 seconds' < now()
ORDER BY id LIMIT 100
FOR UPDATE SKIP LOCKED

-- name: count_attempt
UPDATE dead_letters SET attempts = attempts + 1 WHERE consumer = $1 AND id = $2
