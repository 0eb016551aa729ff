-- Security event tokens: received once each, and kept for each subscriber until it says it has them.

CREATE TABLE scim_received (
    issuer      text NOT NULL,
    jti         text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, jti)
);

CREATE TABLE scim_subscribers (
    subscriber text PRIMARY KEY,
    since      timestamptz NOT NULL DEFAULT now(),
    polled_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN scim_subscribers.subscriber IS 'The subject of the token that polls.';

CREATE TABLE scim_events (
    subscriber text NOT NULL REFERENCES scim_subscribers ON DELETE CASCADE,
    jti        uuid NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    person_id  uuid NOT NULL,
    kind       text NOT NULL,
    PRIMARY KEY (subscriber, jti)
);
CREATE INDEX scim_events_order ON scim_events (subscriber, at);
