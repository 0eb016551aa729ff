-- What was produced against what was applied, event by event.

-- name: to_reconcile
-- Where `looker` goes on; nothing where it has never looked. `looked`: whether another release has.
SELECT p.topic, p.partition, r.next_offset AS begin, p.next_offset AS taken,
       EXISTS (SELECT FROM reconciled o WHERE o.topic = p.topic AND o.partition = p.partition) AS looked
FROM consumed_positions p
LEFT JOIN reconciled r ON r.consumer = $2 AND r.topic = p.topic AND r.partition = p.partition
WHERE p.consumer = $1 AND p.next_offset > coalesce(r.next_offset, 0)

-- name: record_unapplied
-- Events on the topic that are neither in the inbox nor among the dead letters.
INSERT INTO unapplied (consumer, topic, partition, source, event_id, record_offset)
SELECT $1, $2, $3, source, event_id, record_offset
FROM unnest($4::text[], $5::text[], $6::bigint[]) AS told (source, event_id, record_offset)
WHERE NOT EXISTS (SELECT FROM inbox i WHERE i.consumer = $1 AND i.source = told.source AND i.event_id = told.event_id)
  AND NOT EXISTS (
      SELECT FROM dead_letters d
      WHERE d.consumer = $1 AND d.topic = $2 AND d.partition = $3 AND d.record_offset = told.record_offset
  )
ON CONFLICT DO NOTHING
RETURNING event_id

-- name: record_reconciled
INSERT INTO reconciled AS r (consumer, topic, partition, next_offset, checked)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (consumer, topic, partition) DO UPDATE
SET next_offset = excluded.next_offset, checked = r.checked + excluded.checked, at = now()

-- name: forget_applied
-- Somebody has read it again since.
DELETE FROM unapplied u
WHERE u.consumer = $1 AND EXISTS (
    SELECT FROM inbox i WHERE i.consumer = u.consumer AND i.source = u.source AND i.event_id = u.event_id
)

-- name: forget_looks
-- Of releases that are gone.
DELETE FROM reconciled r WHERE r.consumer <> $1 AND at < now() - make_interval(days => 35)

-- name: reconciled
SELECT r.topic, sum(r.checked)::bigint AS checked, min(r.at) AS at,
       (SELECT count(*) FROM unapplied u WHERE u.consumer = $1 AND u.topic = r.topic) AS missing
FROM reconciled r WHERE r.consumer = $2 GROUP BY r.topic ORDER BY r.topic

-- name: missing
SELECT count(*) FROM unapplied WHERE consumer = $1

-- name: project
INSERT INTO reconciliations AS r (service, topic, checked, missing, at)
SELECT DISTINCT ON (service, topic) *
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[])
    AS said (service, topic, checked, missing, at)
ORDER BY service, topic, at DESC
ON CONFLICT (service, topic) DO UPDATE
SET checked = excluded.checked, missing = excluded.missing, at = excluded.at WHERE r.at <= excluded.at

-- name: everywhere
SELECT service, topic, checked, missing, at FROM reconciliations
WHERE $1::text IS NULL OR (service, topic) > ($1, $2::text)
ORDER BY service, topic LIMIT $3
