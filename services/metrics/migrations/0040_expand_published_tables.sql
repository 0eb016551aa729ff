-- Tables of large months that somebody reads: counted ahead of their readers, in turns.
CREATE TABLE wanted_tables (
    measure      text NOT NULL,
    scope        text NOT NULL,
    window_start date NOT NULL,
    window_end   date NOT NULL,
    by           text NOT NULL,
    programme_id uuid,
    unit         text,
    format       text,
    asked_at     timestamptz NOT NULL DEFAULT now(),
    looked_at    timestamptz NOT NULL DEFAULT '-infinity',
    took         interval NOT NULL DEFAULT '0',
    PRIMARY KEY (measure, scope)
);
COMMENT ON COLUMN wanted_tables.looked_at IS 'when it was last counted, or found to be what it was';
COMMENT ON COLUMN wanted_tables.took IS 'how long that was';
CREATE INDEX wanted_tables_looked_at ON wanted_tables (looked_at);
