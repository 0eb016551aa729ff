-- How long after an event its effect can be read.

-- name: insert_lag
INSERT INTO lag_samples (last_event_at, buckets, events) VALUES ($1, $2, $3)

-- name: fold_lag
WITH folded AS (
    DELETE FROM lag_samples WHERE visible_at < now() - interval '10 seconds'
    RETURNING visible_at, last_event_at, buckets, events
),
counted AS (
    SELECT date_trunc('hour', visible_at) AS hour, bucket, sum(count) AS events, max(visible_at) AS visible_at,
        max(last_event_at) AS last_event_at
    FROM folded CROSS JOIN LATERAL unnest(buckets, events) AS lag (bucket, count)
    GROUP BY 1, 2
),
kept AS (
    INSERT INTO lag_hours AS kept (hour, bucket, events, visible_at, last_event_at)
    SELECT hour, bucket, events, visible_at, last_event_at FROM counted
    ON CONFLICT (hour, bucket) DO UPDATE SET
        events = kept.events + excluded.events, visible_at = greatest(kept.visible_at, excluded.visible_at),
        last_event_at = greatest(kept.last_event_at, excluded.last_event_at)
)
SELECT count(*) FROM folded

-- name: forget_lag
DELETE FROM lag_hours WHERE hour < now() - interval '35 days'

-- name: lag
-- Buckets of the last day, and what was seen last at all.
WITH seen AS (
    SELECT bucket, events, visible_at, last_event_at, hour >= now() - interval '24 hours' AS recent FROM lag_hours
    UNION ALL
    SELECT bucket, count, visible_at, last_event_at, true
    FROM lag_samples CROSS JOIN LATERAL unnest(buckets, events) AS lag (bucket, count)
)
SELECT bucket, coalesce(sum(events) FILTER (WHERE recent), 0)::bigint AS events, max(visible_at) AS visible_at,
    max(last_event_at) AS last_event_at
FROM seen GROUP BY bucket ORDER BY bucket
