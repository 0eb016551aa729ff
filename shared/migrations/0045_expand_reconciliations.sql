-- What every service has said of its topics, for the one that shows it.

CREATE TABLE reconciliations (
    service text NOT NULL,
    topic   text NOT NULL,
    checked bigint NOT NULL,
    missing bigint NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (service, topic)
);
