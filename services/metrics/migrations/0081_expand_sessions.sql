-- What a session was about, when it really began, and whether its facilitator was above somebody who was there.
ALTER TABLE sessions ADD COLUMN skill_id text;
ALTER TABLE sessions ADD COLUMN began_at timestamptz;
ALTER TABLE sessions ADD COLUMN facilitator_above boolean;
