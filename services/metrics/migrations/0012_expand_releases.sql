-- Everything that was ever shown, cell by cell: what later releases are audited against, and what readers are served.

CREATE TABLE releases (
    measure            text NOT NULL,
    scope              text NOT NULL,
    cell               text NOT NULL,
    window_start       date NOT NULL,
    window_end         date NOT NULL,
    by                 text NOT NULL,
    programme_id       uuid,
    unit               text,
    format             text,
    definition_version text NOT NULL,
    value              float8,
    half_interval      float8,
    n                  int,
    denominator        bigint,
    persons            int NOT NULL,
    reason             text,
    seen               pg_snapshot NOT NULL,
    ever_shown         boolean NOT NULL,
    as_of              timestamptz NOT NULL,
    PRIMARY KEY (measure, scope, cell)
);
CREATE INDEX releases_window ON releases (measure, window_end, window_start) WHERE ever_shown;

-- A table of cells as it was last counted. `seen`, here and there, is which transactions had been counted by then: a
-- cell keeps its number, and what it has seen, while few of its people's facts have changed.
CREATE TABLE editions (
    measure text NOT NULL,
    scope   text NOT NULL,
    seen    pg_snapshot NOT NULL,
    k       int NOT NULL,
    as_of   timestamptz NOT NULL,
    PRIMARY KEY (measure, scope)
);

-- The least number of people a number of a month may be about: fixed when the month is first shown, whatever is set later.
CREATE TABLE thresholds (
    month date PRIMARY KEY,
    k     int NOT NULL CHECK (k >= 3)
);

-- Which transaction changed a row last.
ALTER TABLE spans ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE sessions ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE matches ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE programmes ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX spans_changed ON spans USING brin ((changed_by::text::bigint));
CREATE INDEX sessions_changed ON sessions USING brin ((changed_by::text::bigint));
CREATE INDEX matches_changed ON matches USING brin ((changed_by::text::bigint));

CREATE FUNCTION name_changer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_by := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER sessions_changer BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION name_changer();
CREATE TRIGGER matches_changer BEFORE UPDATE ON matches FOR EACH ROW EXECUTE FUNCTION name_changer();
CREATE TRIGGER programmes_changer BEFORE UPDATE ON programmes FOR EACH ROW EXECUTE FUNCTION name_changer();
CREATE TRIGGER spans_changer BEFORE UPDATE ON spans FOR EACH ROW EXECUTE FUNCTION name_changer();
