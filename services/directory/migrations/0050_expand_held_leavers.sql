-- Leavers no record of HR's speaks of: tombstones, and what an identity system says of accounts.

ALTER TABLE holds ADD COLUMN said_by text NOT NULL DEFAULT 'hr' CHECK (said_by IN ('hr', 'scim'));
DROP INDEX holds_open;
CREATE UNIQUE INDEX holds_open ON holds (said_by) WHERE state = 'open';

CREATE TABLE held_leavers (
    hold_id   bigint NOT NULL REFERENCES holds,
    person_id uuid NOT NULL,
    way       text NOT NULL CHECK (way IN ('erasure', 'deactivation', 'deprovisioning')),
    held_at   timestamptz NOT NULL,
    waiting   boolean NOT NULL DEFAULT true,
    PRIMARY KEY (hold_id, person_id)
);
COMMENT ON COLUMN held_leavers.way IS 'What was asked for and happens when the hold is approved.';
CREATE INDEX held_leavers_waiting ON held_leavers (person_id) WHERE waiting;
