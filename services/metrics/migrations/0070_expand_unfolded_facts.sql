-- A new fact is in the roll-up by being there: what has been folded is known by transaction, and only facts that change
-- or go leave a row behind. Facts can then be copied in many at once.

-- Nobody writes facts, or folds, while this changes hands.
LOCK TABLE participations, participation_deltas IN SHARE ROW EXCLUSIVE MODE;
SELECT fold_months();

-- The transactions whose facts are in `participation_months`.
CREATE TABLE folded (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    seen pg_snapshot NOT NULL
);
INSERT INTO folded (seen) VALUES (pg_current_snapshot());

ALTER TABLE participation_deltas ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
COMMENT ON COLUMN participation_deltas.changed_by IS 'whoever wrote the fact: it counts only where that is folded';

DROP TRIGGER months_after_insert ON participations;
CREATE OR REPLACE FUNCTION keep_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO participation_deltas
    SELECT -1, month, unit_path, programme_id, format, state, minutes, contributions, changed_by FROM removed;
    IF TG_OP = 'UPDATE' THEN
        -- What does not say that it has changed would be looked for among what is folded.
        INSERT INTO participation_deltas
        SELECT 1, month, unit_path, programme_id, format, state, minutes, contributions, changed_by FROM added
        WHERE changed_by <> pg_current_xact_id();
    END IF;
    RETURN NULL;
END $$;

CREATE VIEW unfolded AS
SELECT 1::smallint AS sign, month, unit_path, programme_id, format, state, minutes, contributions, changed_by
FROM participations
WHERE changed_by::text::bigint >= (SELECT pg_snapshot_xmin(seen)::text::bigint FROM folded)
    AND NOT pg_visible_in_snapshot(changed_by, (SELECT seen FROM folded))
UNION ALL
SELECT sign, month, unit_path, programme_id, format, state, minutes, contributions, changed_by
FROM participation_deltas
WHERE pg_visible_in_snapshot(changed_by, (SELECT seen FROM folded));

CREATE OR REPLACE VIEW unfolded_months AS
SELECT month, unit_path, programme_id, format,
    coalesce(sum(sign) FILTER (WHERE state = 'registered'), 0) AS registered,
    coalesce(sum(sign) FILTER (WHERE state = 'waitlisted'), 0) AS waitlisted,
    coalesce(sum(sign) FILTER (WHERE state = 'cancelled_early'), 0) AS cancelled_early,
    coalesce(sum(sign) FILTER (WHERE state = 'cancelled_late'), 0) AS cancelled_late,
    coalesce(sum(sign) FILTER (WHERE state = 'attended'), 0) AS attended,
    coalesce(sum(sign) FILTER (WHERE state = 'no_show'), 0) AS no_show,
    coalesce(sum(sign) FILTER (WHERE state = 'excused'), 0) AS excused,
    coalesce(sum(sign * minutes) FILTER (WHERE state = 'attended'), 0) AS minutes,
    coalesce(sum(sign * contributions) FILTER (WHERE state = 'attended'), 0) AS contributions
FROM unfolded GROUP BY month, unit_path, programme_id, format;

-- The transactions whose work a statement sees, without the one that asks: that may still write.
CREATE FUNCTION seen_of_others() RETURNS pg_snapshot LANGUAGE sql STABLE AS $$
    SELECT concat_ws(':', least(pg_snapshot_xmin(now), own), pg_snapshot_xmax(now), coalesce((
        SELECT string_agg(xid::text, ',' ORDER BY xid)
        FROM (SELECT pg_snapshot_xip(now) AS xid UNION SELECT own) AS running
        WHERE xid < pg_snapshot_xmax(now)
    ), ''))::pg_snapshot
    FROM pg_current_snapshot() AS now, pg_current_xact_id() AS own
$$;

-- Folds what others have committed by now; one at a time, on one view of the store.
CREATE OR REPLACE FUNCTION fold_months() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    changes bigint;
BEGIN
    PERFORM FROM folded FOR UPDATE;
    WITH now AS MATERIALIZED (SELECT seen_of_others() AS seen),
    change AS MATERIALIZED (
        SELECT unfolded.* FROM unfolded CROSS JOIN now WHERE pg_visible_in_snapshot(changed_by, now.seen)
    ),
    gone AS (
        DELETE FROM participation_deltas USING now
        WHERE pg_visible_in_snapshot(changed_by, now.seen)
    ),
    kept AS (
        INSERT INTO participation_months AS kept
        SELECT month, unit_path, programme_id, format,
            coalesce(sum(sign) FILTER (WHERE state = 'registered'), 0),
            coalesce(sum(sign) FILTER (WHERE state = 'waitlisted'), 0),
            coalesce(sum(sign) FILTER (WHERE state = 'cancelled_early'), 0),
            coalesce(sum(sign) FILTER (WHERE state = 'cancelled_late'), 0),
            coalesce(sum(sign) FILTER (WHERE state = 'attended'), 0),
            coalesce(sum(sign) FILTER (WHERE state = 'no_show'), 0),
            coalesce(sum(sign) FILTER (WHERE state = 'excused'), 0),
            coalesce(sum(sign * minutes) FILTER (WHERE state = 'attended'), 0),
            coalesce(sum(sign * contributions) FILTER (WHERE state = 'attended'), 0)
        FROM change GROUP BY month, unit_path, programme_id, format
        ON CONFLICT (month, unit_path, programme_id, format) DO UPDATE SET
            registered = kept.registered + excluded.registered, waitlisted = kept.waitlisted + excluded.waitlisted,
            cancelled_early = kept.cancelled_early + excluded.cancelled_early,
            cancelled_late = kept.cancelled_late + excluded.cancelled_late,
            attended = kept.attended + excluded.attended, no_show = kept.no_show + excluded.no_show,
            excused = kept.excused + excluded.excused, minutes = kept.minutes + excluded.minutes,
            contributions = kept.contributions + excluded.contributions
    )
    UPDATE folded SET seen = now.seen FROM now
    RETURNING (SELECT count(*) FROM change) INTO changes;
    RETURN changes;
END $$;

-- As before; sums are folded when nobody can add to the facts that go.
CREATE OR REPLACE FUNCTION close_months(before date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    part text;
    parts text[] := '{}';
    facts bigint;
    held boolean;
    total bigint := 0;
BEGIN
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'participations'::regclass AND c.relname ~ '^participations_\d{6}$'
            AND to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= before
        ORDER BY 1
    LOOP
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', part);
        EXECUTE format('SELECT EXISTS (SELECT FROM %I JOIN legal_holds USING (person_id) WHERE held)', part) INTO held;
        CONTINUE WHEN held;
        parts := parts || part;
    END LOOP;
    PERFORM fold_months();
    FOREACH part IN ARRAY parts LOOP
        EXECUTE format('SELECT count(*) FROM %I', part) INTO facts;
        INSERT INTO closed_months (month) VALUES (to_date(right(part, 6), 'YYYYMM')) ON CONFLICT DO NOTHING;
        DELETE FROM session_months WHERE months = ARRAY[to_date(right(part, 6), 'YYYYMM')];
        EXECUTE format('DROP TABLE %I', part);
        total := total + facts;
    END LOOP;
    RETURN total;
END $$;
