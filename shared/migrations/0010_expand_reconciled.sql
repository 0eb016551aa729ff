-- How far each consumer was compared, event by event, with what its topics hold, and which events were nowhere.

CREATE TABLE reconciled (
    consumer    text NOT NULL,
    topic       text NOT NULL,
    partition   int NOT NULL,
    next_offset bigint NOT NULL,
    checked     bigint NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic, partition)
);
CREATE TABLE unapplied (
    consumer      text NOT NULL,
    source        text NOT NULL,
    event_id      text NOT NULL,
    topic         text NOT NULL,
    partition     int NOT NULL,
    record_offset bigint NOT NULL,
    seen_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, source, event_id)
);

-- An operator's question: which letters of a reason are open.
CREATE INDEX dead_letters_open_reason ON dead_letters (consumer, reason, id) WHERE state = 'open';
