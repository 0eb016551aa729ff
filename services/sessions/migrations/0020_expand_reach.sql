-- Reaching people: what they were told of which session, what waits to be told, how they want to be reached.

-- The version everybody was last told of; behind it, somebody must be told.
ALTER TABLE sessions ADD COLUMN invited_version int NOT NULL DEFAULT 0;
CREATE INDEX sessions_uninvited ON sessions (starts_at) WHERE invited_version < version AND state <> 'held';
CREATE INDEX sessions_upcoming ON sessions (starts_at) WHERE state = 'scheduled';
CREATE INDEX sessions_held ON sessions (changed_at) WHERE state = 'held';

-- What is in somebody's calendar because of us: the SEQUENCE they were last sent.
CREATE TABLE invitations (
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    person_id  uuid NOT NULL,
    sequence   int NOT NULL,
    cancelled  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (session_id, person_id)
);
CREATE INDEX invitations_person ON invitations (person_id);

-- No text and no address: both are looked up when it is sent. `subject_id` is the session, survey or day it is about;
-- the unique key is why nothing is queued twice.
CREATE TABLE messages (
    message_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    person_id     uuid NOT NULL,
    kind          text NOT NULL CHECK (kind IN (
        'invitation', 'cancellation', 'reply_refused', 'reminder', 'nudge', 'prompt', 'digest', 'notice'
    )),
    subject_id    uuid NOT NULL,
    sequence      int NOT NULL DEFAULT 0,
    about         text NOT NULL DEFAULT '',
    state         text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed', 'expired', 'unwanted')),
    due_at        timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    claimed_at    timestamptz,
    attempts      int NOT NULL DEFAULT 0,
    interruptions int NOT NULL DEFAULT 0,
    problem       text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    ended_at      timestamptz,
    UNIQUE (person_id, kind, subject_id, sequence)
);
CREATE INDEX messages_due ON messages (due_at) WHERE state = 'queued';
CREATE INDEX messages_failed ON messages (message_id) WHERE state = 'failed';
CREATE INDEX messages_ended ON messages (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE preferences (
    person_id    uuid PRIMARY KEY,
    channel      text NOT NULL CHECK (channel IN ('mail', 'slack', 'teams', 'none')),
    chat_address text,
    quiet_from   int CHECK (quiet_from BETWEEN 0 AND 1440),
    quiet_to     int CHECK (quiet_to BETWEEN 0 AND 1440),
    digest       text NOT NULL CHECK (digest IN ('none', 'daily', 'weekly')),
    nudges       boolean NOT NULL
);

CREATE UNIQUE INDEX preferences_chat ON preferences (channel, chat_address) WHERE chat_address IS NOT NULL;

-- Answers that came from calendars: what was refused is kept beside what was done.
CREATE TABLE calendar_replies (
    reply_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    session_id  uuid NOT NULL,
    person_id   uuid NOT NULL,
    answer      text NOT NULL,
    sequence    int NOT NULL,
    outcome     text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX calendar_replies_person ON calendar_replies (person_id);
CREATE INDEX calendar_replies_order ON calendar_replies (received_at, reply_id);
CREATE INDEX contacts_email ON contacts (lower(email));

-- How far a timer that looks back has come: after an outage it goes on from there.
CREATE TABLE timer_marks (
    name  text PRIMARY KEY,
    until timestamptz NOT NULL
);
