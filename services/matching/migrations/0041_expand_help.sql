-- Somebody asks who can help, and ever wider circles are asked until somebody does.

CREATE TABLE help_requests (
    request_id     uuid PRIMARY KEY,
    version        int NOT NULL DEFAULT 1,
    requester_id   uuid NOT NULL,
    skill_id       text NOT NULL,
    level          int NOT NULL,
    question       text,
    circle         text NOT NULL CHECK (circle IN ('unit', 'division', 'everybody')),
    state          text NOT NULL CHECK (state IN ('open', 'accepted', 'withdrawn', 'expired')),
    helper_id      uuid,
    created_at     timestamptz NOT NULL DEFAULT now(),
    next_step_at   timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    first_offer_at timestamptz,
    closed_at      timestamptz
);
CREATE INDEX help_requests_requester ON help_requests (requester_id, request_id DESC);
CREATE INDEX help_requests_due ON help_requests (next_step_at) WHERE state = 'open';
CREATE INDEX help_requests_board ON help_requests (skill_id, request_id DESC)
    WHERE state = 'open' AND circle = 'everybody';
CREATE INDEX help_requests_created ON help_requests (created_at);
CREATE INDEX help_requests_helper ON help_requests (helper_id) WHERE helper_id IS NOT NULL;

CREATE TABLE help_asks (
    request_id  uuid NOT NULL REFERENCES help_requests,
    person_id   uuid NOT NULL,
    state       text NOT NULL CHECK (state IN ('asked', 'offered', 'passed', 'accepted', 'declined', 'released')),
    asked_at    timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz,
    PRIMARY KEY (request_id, person_id)
);
CREATE INDEX help_asks_person ON help_asks (person_id, request_id DESC);
