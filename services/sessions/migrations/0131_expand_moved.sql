-- Somebody has said its time although it was searched at first: from then on it moves by nobody's change of hours or members.
ALTER TABLE sessions ADD COLUMN moved boolean NOT NULL DEFAULT false;
