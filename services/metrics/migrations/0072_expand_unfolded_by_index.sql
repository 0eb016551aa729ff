-- The planner must know from which transaction on facts are not folded: what it cannot see it takes for a third of all
-- facts, and reads them all. A function asks with the number written out.

CREATE FUNCTION unfolded_facts() RETURNS TABLE (
    sign smallint, month date, unit_path text[], programme_id uuid, format text, state text, minutes int,
    contributions int, changed_by xid8
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    known pg_snapshot := (SELECT seen FROM folded);
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT 1::smallint, month, unit_path, programme_id, format, state, minutes, contributions, changed_by'
        ' FROM participations WHERE changed_by::text::bigint >= %s AND NOT pg_visible_in_snapshot(changed_by, %L)',
        pg_snapshot_xmin(known), known
    );
END $$;

CREATE OR REPLACE VIEW unfolded AS
SELECT sign, month, unit_path, programme_id, format, state, minutes, contributions, changed_by FROM unfolded_facts()
UNION ALL
SELECT sign, month, unit_path, programme_id, format, state, minutes, contributions, changed_by
FROM participation_deltas
WHERE pg_visible_in_snapshot(changed_by, (SELECT seen FROM folded));
