-- Programmes, groups, their sessions and who takes part; and what is read of people, contacts and skills.

CREATE TABLE people (
    person_id    uuid PRIMARY KEY,
    version      int NOT NULL,
    status       text NOT NULL,
    division     text NOT NULL,
    time_zone    text NOT NULL,
    work_starts  int NOT NULL,
    work_ends    int NOT NULL,
    work_days    int[] NOT NULL,
    hired_on     date NOT NULL,
    paused_until date,
    leaves_on    date
);

CREATE TABLE contacts (
    person_id    uuid PRIMARY KEY,
    version      int NOT NULL,
    display_name text NOT NULL,
    email        text NOT NULL,
    locale       text NOT NULL
);

CREATE TABLE skills (
    skill_id text PRIMARY KEY,
    version  int NOT NULL,
    label    text NOT NULL
);

-- Whoever is in here is never projected again, whatever arrives late.
CREATE TABLE erased_people (
    person_id uuid PRIMARY KEY,
    rows      int NOT NULL
);

CREATE TABLE programmes (
    programme_id    uuid PRIMARY KEY,
    version         int NOT NULL,
    status          text NOT NULL CHECK (status IN ('draft', 'published', 'closed')),
    name            text NOT NULL,
    objective       text,
    sponsor_id      uuid,
    format          text NOT NULL,
    modality        text NOT NULL,
    confidentiality text NOT NULL,
    audience_units  text[],
    skills          text[] NOT NULL,
    group_size_min  int NOT NULL,
    group_size_max  int NOT NULL,
    cadence_days    int NOT NULL,
    session_minutes int NOT NULL,
    starts_on       date NOT NULL,
    ends_on         date NOT NULL,
    backfill        boolean NOT NULL,
    goals           jsonb NOT NULL,
    ground_rules    text NOT NULL
);
CREATE INDEX programmes_sponsor ON programmes (sponsor_id);

CREATE TABLE groups (
    group_id       uuid PRIMARY KEY,
    programme_id   uuid NOT NULL REFERENCES programmes,
    match_id       uuid NOT NULL UNIQUE,
    match_version  int NOT NULL,
    kind           text NOT NULL,
    skill_id       text,
    state          text NOT NULL CHECK (state IN ('waiting', 'active', 'unschedulable', 'ended')),
    reason         text,
    facilitator_id uuid,
    rules_version  int NOT NULL,
    rules_text     text NOT NULL
);
CREATE INDEX groups_programme ON groups (programme_id, group_id);
CREATE INDEX groups_facilitator ON groups (facilitator_id);
CREATE INDEX groups_waiting ON groups (group_id) WHERE state = 'waiting';

CREATE TABLE group_members (
    group_id  uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    person_id uuid NOT NULL,
    role      text NOT NULL,
    PRIMARY KEY (group_id, person_id)
);
CREATE INDEX group_members_person ON group_members (person_id, group_id);

CREATE TABLE acknowledgements (
    group_id      uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    person_id     uuid NOT NULL,
    rules_version int NOT NULL,
    PRIMARY KEY (group_id, person_id)
);
CREATE INDEX acknowledgements_person ON acknowledgements (person_id);

CREATE TABLE sessions (
    session_id     uuid PRIMARY KEY,
    version        int NOT NULL,
    state          text NOT NULL CHECK (state IN ('scheduled', 'cancelled', 'held')),
    group_id       uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    programme_id   uuid NOT NULL REFERENCES programmes,
    number         int NOT NULL,
    due_on         date NOT NULL,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL CHECK (ends_at > starts_at),
    capacity       int NOT NULL CHECK (capacity >= 0),
    facilitator_id uuid,
    why            text NOT NULL,
    changed_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_order ON sessions (starts_at, session_id);
CREATE INDEX sessions_group ON sessions (group_id, starts_at);
CREATE INDEX sessions_programme ON sessions (programme_id, starts_at, session_id);
CREATE INDEX sessions_facilitator ON sessions (facilitator_id);

-- `invited` is ours alone: no event tells of it. `place` is the order of the waitlist.
CREATE TABLE participants (
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    person_id  uuid NOT NULL,
    role       text NOT NULL,
    state      text NOT NULL DEFAULT 'invited' CHECK (state IN (
        'invited', 'registered', 'waitlisted', 'cancelled_early', 'cancelled_late', 'attended', 'no_show', 'excused'
    )),
    version    int NOT NULL DEFAULT 0,
    place      int,
    minutes    int NOT NULL DEFAULT 0,
    taught     int NOT NULL DEFAULT 0,
    asked      int NOT NULL DEFAULT 0,
    shared     int NOT NULL DEFAULT 0,
    challenged int NOT NULL DEFAULT 0,
    summarised int NOT NULL DEFAULT 0,
    PRIMARY KEY (session_id, person_id)
);
CREATE INDEX participants_person ON participants (person_id, session_id);

CREATE TABLE calendar_feeds (
    person_id  uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32)
);
