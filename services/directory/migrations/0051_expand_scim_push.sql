-- Subscribers may have their event tokens pushed (RFC 8935).

ALTER TABLE scim_subscribers
    ADD COLUMN endpoint text,
    ADD COLUMN secret text,
    ADD COLUMN state text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'paused')),
    ADD COLUMN why text,
    ADD COLUMN attempts int NOT NULL DEFAULT 0,
    ADD COLUMN due_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN scim_subscribers.endpoint IS 'Where tokens are pushed to; null: the subscriber polls.';
COMMENT ON COLUMN scim_subscribers.secret IS 'The Authorization header to send.';
COMMENT ON COLUMN scim_subscribers.why IS 'What has paused it, when nobody asked for that.';
COMMENT ON COLUMN scim_subscribers.attempts IS 'How many rounds in a row have failed.';
