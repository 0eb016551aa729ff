-- Files of workers: what became of each line, and whom a snapshot no longer names.

CREATE TABLE feeds (
    feed_id  uuid PRIMARY KEY,
    source     text NOT NULL,
    adapter    text NOT NULL,
    form       text NOT NULL,
    encoding   text NOT NULL,
    snapshot   boolean NOT NULL,
    defaults   jsonb NOT NULL,
    said_at    timestamptz NOT NULL,
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'read', 'confirmed', 'done')),
    last_line  int NOT NULL DEFAULT 0,
    taken      int NOT NULL DEFAULT 0,
    unchanged  int NOT NULL DEFAULT 0,
    refused    int NOT NULL DEFAULT 0,
    unreadable int NOT NULL DEFAULT 0,
    missing    int NOT NULL DEFAULT 0,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN feeds.last_line IS 'All up to this line is done: reading again goes on behind it.';
COMMENT ON COLUMN feeds.unreadable IS 'Refused lines of which not even the worker could be told.';
CREATE INDEX feeds_created ON feeds (created_at, feed_id);
CREATE INDEX feeds_confirmed ON feeds (feed_id) WHERE state = 'confirmed';

CREATE TABLE feed_refusals (
    feed_id       uuid NOT NULL REFERENCES feeds ON DELETE CASCADE,
    line            int NOT NULL,
    employee_number text,
    reason          text NOT NULL,
    PRIMARY KEY (feed_id, line)
);

-- Whom a snapshot has named so far; emptied when it has been read.
CREATE TABLE feed_seen (
    feed_id       uuid NOT NULL REFERENCES feeds ON DELETE CASCADE,
    employee_number text NOT NULL
);

CREATE TABLE feed_missing (
    feed_id       uuid NOT NULL REFERENCES feeds ON DELETE CASCADE,
    employee_number text NOT NULL,
    outcome         text CHECK (outcome IN ('deactivated', 'spoken of since')),
    PRIMARY KEY (feed_id, employee_number)
);
CREATE INDEX feed_missing_open ON feed_missing (feed_id, employee_number) WHERE outcome IS NULL;

CREATE INDEX feed_refusals_worker ON feed_refusals (employee_number);
CREATE INDEX feed_missing_worker ON feed_missing (employee_number);
