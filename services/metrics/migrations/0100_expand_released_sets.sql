-- Whose facts were added up in everything ever shown, whatever the measure was called, and as of when.
CREATE TABLE released_sets (
    people       text NOT NULL,
    window_start date NOT NULL,
    window_end   date NOT NULL,
    by           text NOT NULL,
    programme_id uuid,
    unit         text,
    format       text,
    cell         text NOT NULL,
    seen         text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (people, window_start, window_end, by, programme_id, unit, format, cell, seen)
);
COMMENT ON COLUMN released_sets.people IS 'staff, newcomers, matches, hosts or facts: which people its numbers are about';

INSERT INTO released_sets (people, window_start, window_end, by, programme_id, unit, format, cell, seen)
SELECT CASE
        WHEN measure IN ('participation_rate', 'reach') THEN 'staff'
        WHEN measure IN (
            'acceptance_rate', 'days_to_answer_p50', 'days_to_answer_p90', 'met_in_14_days', 'survival', 'repeat_pairs'
        ) THEN 'matches'
        WHEN measure LIKE 'hosting%' THEN 'hosts'
        ELSE 'facts'
    END, window_start, window_end, by, programme_id, unit, format, cell, seen::text
FROM releases WHERE ever_shown
ON CONFLICT DO NOTHING;

-- How many of these views of the store, in order of time, had not seen a transaction yet.
CREATE FUNCTION age_in(changed_by xid8, views text[]) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT count(*)::int FROM unnest(views) AS view
    WHERE NOT pg_visible_in_snapshot(changed_by, view::pg_snapshot)
        AND changed_by IS DISTINCT FROM pg_current_xact_id_if_assigned()
$$;
