-- Statements to a learning record store, and statements from a learning management system.

-- Only what an open programme does is told, person by pseudonym; a programme not heard of since is closed.
ALTER TABLE programmes ADD COLUMN confidentiality text NOT NULL DEFAULT 'closed';

-- The store that statements are for, one row where one is set up: without it none is written.
CREATE TABLE xapi_store (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    url text NOT NULL
);

-- `held` until k people's wait together, then `due` until the store has it; `withdrawn` when a voiding one follows.
CREATE TABLE xapi_statements (
    statement_id uuid PRIMARY KEY,
    voids        uuid,
    session_id   uuid,
    person_id    uuid,
    programme_id uuid,
    verb         text NOT NULL,
    day          date NOT NULL,
    minutes      int,
    state        text NOT NULL CHECK (state IN ('held', 'due', 'sent', 'failed', 'withdrawn')),
    attempts     int NOT NULL DEFAULT 0,
    alone        boolean NOT NULL DEFAULT false,
    detail       text,
    due_at       timestamptz NOT NULL DEFAULT now(),
    queued_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN xapi_statements.alone IS 'the store refused a batch it was in';
CREATE INDEX xapi_statements_held ON xapi_statements (programme_id, day) WHERE state = 'held';
CREATE INDEX xapi_statements_due ON xapi_statements (due_at) WHERE state = 'due';
CREATE INDEX xapi_statements_part ON xapi_statements (session_id, person_id);
CREATE INDEX xapi_statements_person ON xapi_statements (person_id);

-- What a person is called in the store: random, and another name in every programme.
CREATE TABLE xapi_actors (
    person_id    uuid NOT NULL,
    programme_id uuid NOT NULL,
    actor        uuid NOT NULL DEFAULT gen_random_uuid(),
    PRIMARY KEY (person_id, programme_id)
);
