-- Groups that people found themselves, sessions anybody may sign up for, and what their formats ask for.

ALTER TABLE groups
    ALTER COLUMN match_id DROP NOT NULL,
    ADD COLUMN name            text,
    ADD COLUMN founded_by      uuid,
    ADD COLUMN membership      text NOT NULL DEFAULT 'closed' CHECK (membership IN ('open', 'closed', 'fixed')),
    ADD COLUMN capacity        int CHECK (capacity > 0),
    ADD COLUMN facilitator_why text,
    ADD COLUMN recurrence      jsonb;

CREATE TABLE join_requests (
    group_id  uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    person_id uuid NOT NULL,
    asked_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (group_id, person_id)
);
CREATE INDEX join_requests_person ON join_requests (person_id);

-- `flag`: why the time does not suit any more. `release_at`: when a slot that nobody has booked is given back.
ALTER TABLE sessions
    ADD COLUMN title               text,
    ADD COLUMN location            text,
    ADD COLUMN join_link           text,
    ADD COLUMN open                boolean NOT NULL DEFAULT false,
    ADD COLUMN fixed               boolean NOT NULL DEFAULT false,
    ADD COLUMN release_at          timestamptz,
    ADD COLUMN attendance_recorded boolean NOT NULL DEFAULT false,
    ADD COLUMN flag                text,
    ADD COLUMN facilitator_why     text;

ALTER TABLE participants ADD COLUMN preparation int NOT NULL DEFAULT 0;

-- What a format requires and somebody has written: of one session, or of all of a group's.
CREATE TABLE artefacts (
    group_id   uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    session_id uuid REFERENCES sessions ON DELETE CASCADE,
    kind       text NOT NULL,
    version    int NOT NULL,
    content    text NOT NULL,
    written_by uuid,
    written_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (group_id, session_id, kind)
);
CREATE INDEX artefacts_session ON artefacts (session_id);
CREATE INDEX artefacts_writer ON artefacts (written_by);

CREATE TABLE checklists (
    session_id uuid PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    playbook   int NOT NULL,
    done       int[] NOT NULL
);

-- Whoever wants to know when a full session has a seat again, without queueing for it.
CREATE TABLE watches (
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    person_id  uuid NOT NULL,
    freed_at   timestamptz,
    PRIMARY KEY (session_id, person_id)
);
CREATE INDEX watches_person ON watches (person_id, session_id);

CREATE TABLE recordings (
    session_id uuid PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    version    int NOT NULL,
    purpose    text NOT NULL,
    asked_by   uuid,
    link       text
);

CREATE TABLE recording_consents (
    session_id uuid NOT NULL REFERENCES recordings ON DELETE CASCADE,
    person_id  uuid NOT NULL,
    answer     boolean NOT NULL,
    version    int NOT NULL,
    PRIMARY KEY (session_id, person_id)
);
CREATE INDEX recording_consents_person ON recording_consents (person_id);

CREATE TABLE rooms (
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    round      int NOT NULL,
    room       int NOT NULL,
    person_id  uuid NOT NULL,
    PRIMARY KEY (session_id, round, person_id)
);
CREATE INDEX rooms_person ON rooms (person_id);

-- What people say of their own time beside the hours they work.
CREATE TABLE availability (
    person_id      uuid PRIMARY KEY,
    version        int NOT NULL,
    weekly_minutes int
);

CREATE TABLE busy_times (
    person_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL CHECK (ends_at > starts_at),
    PRIMARY KEY (person_id, starts_at, ends_at)
);
