-- Rebuilding read models.

-- name: has_handled
SELECT EXISTS (SELECT FROM inbox) OR EXISTS (SELECT FROM consumed_positions)

-- name: unapplied
-- Which of these records are neither in the inbox nor among the dead letters, by their number.
SELECT told.number
FROM unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::bigint[]) WITH ORDINALITY
    AS told (source, event_id, topic, partition, record_offset, number)
WHERE NOT EXISTS (SELECT FROM inbox i WHERE i.consumer = $1 AND i.source = told.source AND i.event_id = told.event_id)
  AND NOT EXISTS (
      SELECT FROM dead_letters d
      WHERE d.consumer = $1 AND d.topic = told.topic AND d.partition = told.partition
        AND d.record_offset = told.record_offset
  )
ORDER BY told.number
