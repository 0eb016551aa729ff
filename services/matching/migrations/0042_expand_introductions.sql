-- Whom a newcomer should meet beside their buddy.
CREATE TABLE introductions (
    newcomer_id uuid NOT NULL,
    person_id   uuid NOT NULL,
    state       text NOT NULL DEFAULT 'suggested' CHECK (state IN ('suggested', 'met')),
    score       int NOT NULL,
    reasons     jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    met_at      timestamptz,
    PRIMARY KEY (newcomer_id, person_id)
);
CREATE INDEX introductions_person ON introductions (person_id);
