-- Slots to release, and sessions about to begin.

CREATE INDEX sessions_release ON sessions (release_at) WHERE release_at IS NOT NULL AND state = 'scheduled';
CREATE INDEX sessions_open ON sessions (starts_at, session_id) WHERE open AND state = 'scheduled';
