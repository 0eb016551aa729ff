-- A round is previewed before it is published, and keeps what it was computed from.

ALTER TABLE rounds
    ADD COLUMN discarded_at  timestamptz,
    ADD COLUMN output_digest text,
    ADD COLUMN setting       jsonb,
    ADD COLUMN figures       jsonb NOT NULL DEFAULT '{}';

-- Only wider than before: what is there fits it.
ALTER TABLE matches DROP CONSTRAINT matches_state_check;
ALTER TABLE matches ADD CONSTRAINT matches_state_check
    CHECK (state IN ('preview', 'proposed', 'accepted', 'declined', 'expired', 'formed', 'ended')) NOT VALID;

-- Everybody as a round saw them. `state` names others by their `place` in the round alone: with a person's row goes
-- all that could tell who they were.
CREATE TABLE round_people (
    round_id  uuid NOT NULL REFERENCES rounds,
    place     int NOT NULL,
    person_id uuid NOT NULL,
    asked     boolean NOT NULL,
    state     jsonb NOT NULL,
    PRIMARY KEY (round_id, place)
);
CREATE INDEX round_people_person ON round_people (person_id);

ALTER TABLE rules ADD COLUMN changed_by text;
