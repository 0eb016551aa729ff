-- Webhooks: who wants to hear what, by which secret; and each delivery with what became of it.

CREATE TABLE webhooks (
    webhook_id       uuid PRIMARY KEY,
    version          int NOT NULL DEFAULT 1,
    url              text NOT NULL,
    types            text[] NOT NULL,
    state            text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
    why              text,
    secret           bytea NOT NULL,
    old_secret       bytea,
    old_secret_until timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now()
);

-- The key is why an event that is heard again is delivered once.
CREATE TABLE webhook_deliveries (
    webhook_id    uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    event_id      text NOT NULL,
    event_type    text NOT NULL,
    occurred_at   timestamptz NOT NULL,
    body          bytea NOT NULL,
    state         text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'delivered', 'failed')),
    due_at        timestamptz NOT NULL DEFAULT now(),
    claimed_at    timestamptz,
    attempts      int NOT NULL DEFAULT 0,
    status        int,
    problem       text,
    ended_at      timestamptz,
    PRIMARY KEY (webhook_id, event_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at) WHERE state = 'queued';
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (webhook_id, occurred_at, event_id);
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;
