-- Tables that are counted ahead of their readers.

-- name: facts
-- About how many facts a window has, by the catalogue: no reader waits for a count.
SELECT coalesce(sum(greatest(part.reltuples, 0)), 0)::bigint
FROM pg_inherits AS tree JOIN pg_class AS part ON part.oid = tree.inhrelid
WHERE tree.inhparent = 'participations'::regclass
    AND part.relname >= 'participations_' || to_char($1::date, 'YYYYMM')
    AND part.relname < 'participations_' || to_char($2::date, 'YYYYMM')

-- name: want
INSERT INTO wanted_tables AS kept (measure, scope, window_start, window_end, by, programme_id, unit, format)
SELECT asked.* FROM jsonb_to_recordset($1) AS asked (
    measure text, scope text, window_start date, window_end date, by text, programme_id uuid, unit text, format text
)
LEFT JOIN wanted_tables AS known USING (measure, scope)
WHERE known.asked_at IS NULL OR known.asked_at < now() - interval '1 hour'
ORDER BY measure, scope
ON CONFLICT (measure, scope) DO UPDATE SET asked_at = now() WHERE kept.asked_at < now() - interval '1 hour'

-- name: due
-- What was asked for this week and is not counted all the time: a table rests ten times as long as it takes.
SELECT measure, window_start, window_end, by, programme_id, unit, format FROM wanted_tables
WHERE asked_at > now() - interval '7 days' AND looked_at < now() - greatest(10 * took, interval '10 seconds')
ORDER BY looked_at, measure, scope
LIMIT 200

-- name: looked
UPDATE wanted_tables SET looked_at = clock_timestamp(), took = make_interval(secs => $3)
WHERE measure = $1 AND scope = $2

-- name: forget_unwanted
DELETE FROM wanted_tables WHERE asked_at < now() - interval '7 days'
