-- What the session was about: who has taught something is found beside who says that they know it.
ALTER TABLE attendances ADD COLUMN skill_id text;
