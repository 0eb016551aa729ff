-- What would be lost with somebody who leaves, and the session that keeps it.

-- Skills somebody knows well: offered, or at level 3 and above. Filled by the next state of each person.
ALTER TABLE people ADD COLUMN knows text[] NOT NULL DEFAULT '{}';

CREATE TABLE captures (
    capture_id uuid PRIMARY KEY,
    skill_id   text NOT NULL,
    holder_id  uuid NOT NULL,
    reason     text NOT NULL CHECK (reason IN ('leaving', 'asked')),
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'planned', 'captured', 'missed', 'dropped')),
    why        text,
    due_on     date NOT NULL,
    asked_by   uuid,
    group_id   uuid REFERENCES groups ON DELETE SET NULL,
    opened_on  date NOT NULL DEFAULT current_date
);
CREATE UNIQUE INDEX captures_running ON captures (holder_id, skill_id) WHERE state IN ('waiting', 'planned');
CREATE INDEX captures_holder ON captures (holder_id);
CREATE INDEX captures_group ON captures (group_id);
CREATE INDEX captures_state ON captures (state, capture_id);
