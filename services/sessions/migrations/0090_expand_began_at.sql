-- When a session really began, as whoever recorded attendance noted it.
ALTER TABLE sessions ADD COLUMN began_at timestamptz;
