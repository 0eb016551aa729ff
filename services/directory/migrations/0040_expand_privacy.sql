-- Copies of one's data: who asked, the key that opens the services' answers, and the answers as they came.

CREATE TABLE exports (
    request_id   uuid PRIMARY KEY,
    person_id    uuid NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    private_key  text NOT NULL
);
COMMENT ON COLUMN exports.private_key IS 'Opens what the services have answered; without it nothing does.';
CREATE INDEX exports_person ON exports (person_id);
CREATE INDEX exports_expires_at ON exports (expires_at);

CREATE TABLE export_parts (
    request_id uuid NOT NULL REFERENCES exports ON DELETE CASCADE,
    service    text NOT NULL,
    number     int NOT NULL,
    pieces     int NOT NULL,
    sealed     text NOT NULL,
    PRIMARY KEY (request_id, service, number)
);

CREATE INDEX people_left ON people (effective_at) WHERE status = 'left';
