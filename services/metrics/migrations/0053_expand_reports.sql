-- Reports by mail: who wants which, and the mails that are due.

CREATE TABLE report_subscriptions (
    subscription_id uuid PRIMARY KEY,
    person_id       uuid,
    subscriber      text NOT NULL,
    email           text NOT NULL,
    programme_id    uuid,
    cadence         text NOT NULL CHECK (cadence IN ('weekly', 'monthly')),
    token           uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    next_at         timestamptz NOT NULL,
    ends_on         date NOT NULL,
    UNIQUE NULLS NOT DISTINCT (email, programme_id)
);
COMMENT ON COLUMN report_subscriptions.token IS 'ends the subscription without a sign-in';
CREATE INDEX report_subscriptions_next ON report_subscriptions (next_at);
CREATE INDEX report_subscriptions_subscriber ON report_subscriptions (subscriber, subscription_id);
CREATE INDEX report_subscriptions_person ON report_subscriptions (person_id);

CREATE TABLE report_mails (
    mail_id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subscription_id uuid NOT NULL REFERENCES report_subscriptions ON DELETE CASCADE,
    state           text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'failed')),
    attempts        int NOT NULL DEFAULT 0,
    detail          text,
    due_at          timestamptz NOT NULL DEFAULT now(),
    queued_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX report_mails_due ON report_mails (due_at) WHERE state = 'due';
CREATE INDEX report_mails_subscription ON report_mails (subscription_id);
