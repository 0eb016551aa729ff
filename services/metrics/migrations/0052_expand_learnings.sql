-- What a learning management system has told: ids to know a repetition by, and facts about trainings and resources.

CREATE TABLE xapi_received (
    statement_id uuid PRIMARY KEY,
    digest       bytea NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN xapi_received.digest IS 'SHA-256 of the statement: another one under its id is a conflict';

-- A fact counts, or stops counting, together with those of k people of its kind, month and division.
CREATE TABLE learnings (
    statement_id uuid PRIMARY KEY,
    person_id    uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('training', 'resource')),
    month        date NOT NULL,
    division     text NOT NULL,
    counted      boolean NOT NULL DEFAULT false,
    withdrawn    boolean NOT NULL DEFAULT false
);
CREATE INDEX learnings_counted ON learnings (kind, month) WHERE counted;
CREATE INDEX learnings_waiting ON learnings (kind, month, division) WHERE counted = withdrawn;
CREATE INDEX learnings_person ON learnings (person_id);
