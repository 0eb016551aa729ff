-- Where a record came from and when; what held before it; leavers who wait for an operator.

ALTER TABLE worker_records ADD COLUMN source text, ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN hold_id bigint;
COMMENT ON COLUMN worker_records.source IS 'The HR system that said so, by its CloudEvents source.';
COMMENT ON COLUMN worker_records.hold_id IS 'The hold that this leaving waits, or waited, for.';
CREATE INDEX worker_records_held ON worker_records (hold_id) WHERE hold_id IS NOT NULL;

ALTER TABLE people ADD COLUMN history jsonb;
COMMENT ON COLUMN people.history IS 'Earlier states as last published; NULL for none.';
CREATE INDEX people_history ON people USING gin (history jsonb_path_ops) WHERE history IS NOT NULL;

-- More of the organization was to leave within an hour than one lets go unasked.
CREATE TABLE holds (
    hold_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    opened_at  timestamptz NOT NULL,
    here       int NOT NULL,
    gone       int NOT NULL,
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'rejected')),
    decided_at timestamptz,
    decided_by text,
    why        text
);
COMMENT ON COLUMN holds.here IS 'How many people were here.';
COMMENT ON COLUMN holds.gone IS 'How many had left within the hour before.';
CREATE UNIQUE INDEX holds_open ON holds (state) WHERE state = 'open';

CREATE TABLE departures (
    at     timestamptz NOT NULL,
    people int NOT NULL
);
CREATE INDEX departures_at ON departures (at);
