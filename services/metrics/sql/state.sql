-- The whole of the facts as one word: a store rebuilt from the log must have the same.

-- name: state_hash
-- md5 tells two states apart; it keeps no secret. Roll-up rows that have come back to zero say nothing.
SELECT md5(string_agg(line, E'\n' ORDER BY line)) FROM (
    SELECT 'fact ' || (to_jsonb(fact) - 'changed_by')::text AS line FROM participations AS fact
    UNION ALL
    SELECT 'session ' || to_jsonb(session)::text FROM sessions AS session
    UNION ALL
    SELECT 'feedback ' || (to_jsonb(batch) - 'changed_by')::text FROM feedback AS batch
    UNION ALL
    SELECT 'month ' || to_jsonb(kept)::text FROM kept_months AS kept
) AS lines

-- name: months_differ
-- Cells of the roll-up that are not what the facts add up to; there must be none.
WITH recounted AS (
    SELECT month, unit_path, programme_id, format,
        count(*) FILTER (WHERE state = 'registered') AS registered,
        count(*) FILTER (WHERE state = 'waitlisted') AS waitlisted,
        count(*) FILTER (WHERE state = 'cancelled_early') AS cancelled_early,
        count(*) FILTER (WHERE state = 'cancelled_late') AS cancelled_late,
        count(*) FILTER (WHERE state = 'attended') AS attended,
        count(*) FILTER (WHERE state = 'no_show') AS no_show,
        count(*) FILTER (WHERE state = 'excused') AS excused,
        coalesce(sum(minutes) FILTER (WHERE state = 'attended'), 0) AS minutes,
        coalesce(sum(contributions) FILTER (WHERE state = 'attended'), 0) AS contributions
    FROM participations GROUP BY month, unit_path, programme_id, format
)
SELECT count(*) FROM (
    (SELECT * FROM kept_months WHERE month NOT IN (SELECT month FROM closed_months) EXCEPT TABLE recounted) UNION ALL (TABLE recounted EXCEPT TABLE kept_months)
) AS differing
