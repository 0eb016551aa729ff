-- Facts say who taught and who changed them last; their roll-up and their people's history cost less to keep.

ALTER TABLE participations ADD COLUMN taught int NOT NULL DEFAULT 0;
-- The transaction that wrote the row: what a release has seen is told exactly, whatever committed when.
ALTER TABLE participations ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX participations_changed ON participations USING brin ((changed_by::text::bigint));

-- The months a session has facts in: one, but for a session that was moved. Asking here spares a look into every month.
CREATE TABLE session_months (
    session_id uuid PRIMARY KEY,
    months     date[] NOT NULL
) WITH (fillfactor = 90);
INSERT INTO session_months (session_id, months)
SELECT session_id, array_agg(DISTINCT month ORDER BY month) FROM participations GROUP BY session_id;

-- What facts added to the roll-up and took out of it, not folded in yet. Written with the fact, without an index and
-- without waiting for anybody; readers add it to what is folded.
CREATE TABLE participation_deltas (
    sign          smallint NOT NULL,
    month         date NOT NULL,
    unit_path     text[] NOT NULL,
    programme_id  uuid NOT NULL,
    format        text NOT NULL,
    state         text NOT NULL,
    minutes       int NOT NULL,
    contributions int NOT NULL
);

CREATE OR REPLACE FUNCTION keep_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO participation_deltas
        SELECT -1, month, unit_path, programme_id, format, state, minutes, contributions FROM removed;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO participation_deltas
        SELECT 1, month, unit_path, programme_id, format, state, minutes, contributions FROM added;
    END IF;
    RETURN NULL;
END $$;

CREATE VIEW unfolded_months AS
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
FROM participation_deltas GROUP BY month, unit_path, programme_id, format;

-- The roll-up as it is now, folded or not; a cell may have two rows.
CREATE VIEW months AS TABLE participation_months UNION ALL TABLE unfolded_months;

-- The same with one row a cell, and no cell that has come back to nothing.
CREATE VIEW kept_months AS
SELECT month, unit_path, programme_id, format, sum(registered)::bigint AS registered,
    sum(waitlisted)::bigint AS waitlisted, sum(cancelled_early)::bigint AS cancelled_early,
    sum(cancelled_late)::bigint AS cancelled_late, sum(attended)::bigint AS attended, sum(no_show)::bigint AS no_show,
    sum(excused)::bigint AS excused, sum(minutes)::bigint AS minutes, sum(contributions)::bigint AS contributions
FROM months GROUP BY month, unit_path, programme_id, format
HAVING sum(registered + waitlisted + cancelled_early + cancelled_late + attended + no_show + excused) > 0;

-- Folds what is written by now; one at a time.
CREATE FUNCTION fold_months() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    folded bigint;
BEGIN
    CREATE TEMP TABLE folding ON COMMIT DROP AS
    WITH gone AS (DELETE FROM participation_deltas RETURNING *) TABLE gone;
    GET DIAGNOSTICS folded = ROW_COUNT;
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
    FROM folding GROUP BY month, unit_path, programme_id, format
    ON CONFLICT (month, unit_path, programme_id, format) DO UPDATE SET
        registered = kept.registered + excluded.registered, waitlisted = kept.waitlisted + excluded.waitlisted,
        cancelled_early = kept.cancelled_early + excluded.cancelled_early,
        cancelled_late = kept.cancelled_late + excluded.cancelled_late,
        attended = kept.attended + excluded.attended, no_show = kept.no_show + excluded.no_show,
        excused = kept.excused + excluded.excused, minutes = kept.minutes + excluded.minutes,
        contributions = kept.contributions + excluded.contributions;
    DROP TABLE folding;
    RETURN folded;
END $$;

-- People's history as spans without overlap, kept in step with `membership_spans` by whatever writes `membership`.
CREATE TABLE spans (
    person_id  uuid NOT NULL,
    valid_from date NOT NULL,
    valid_to   date NOT NULL,
    unit_path  text[] NOT NULL,
    status     text NOT NULL,
    PRIMARY KEY (person_id, valid_from)
);
INSERT INTO spans (person_id, valid_from, valid_to, unit_path, status)
SELECT person_id, valid_from, valid_to, unit_path, status FROM membership_spans;

-- The unit a person belonged to on a day; before all that is known, the first that is known; empty for a stranger.
CREATE FUNCTION unit_on(person uuid, day date) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT unit_path FROM spans WHERE person_id = person AND valid_from <= day ORDER BY valid_from DESC LIMIT 1),
        (SELECT unit_path FROM spans WHERE person_id = person ORDER BY valid_from LIMIT 1),
        '{}'
    )
$$;

ALTER TABLE sessions ADD COLUMN ends_at timestamptz;
ALTER TABLE sessions ADD COLUMN capacity int NOT NULL DEFAULT 0;
ALTER TABLE matches ADD COLUMN accepted_at timestamptz;

-- How many answers gave each score, from 1 to 5: their spread decides whether a mean may be shown.
ALTER TABLE feedback ADD COLUMN usefulness_at int[];
ALTER TABLE feedback ADD COLUMN relevance_at int[];
ALTER TABLE feedback ADD COLUMN engagement_at int[];
