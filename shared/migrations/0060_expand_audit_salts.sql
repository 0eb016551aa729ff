-- What opens the digests of states in the trail: a salt for each line, deleted when somebody whom the state names is erased.

CREATE TABLE audit_salts (
    audit_id bigint PRIMARY KEY,
    salt     bytea NOT NULL CHECK (length(salt) = 32),
    about    uuid[] NOT NULL
);
COMMENT ON COLUMN audit_salts.salt IS 'Key of the digest at the end of the line''s `after`: without it nobody can tell what was digested.';
COMMENT ON COLUMN audit_salts.about IS 'Every id that the line or the state names.';
CREATE INDEX audit_salts_about ON audit_salts USING gin (about);

COMMENT ON COLUMN audit.before IS 'The version that the caller had seen, and the digest of that state where the trail has one.';
COMMENT ON COLUMN audit.after IS 'The version that came of it, and the HMAC-SHA-256 of that state as canonical JSON under the line''s salt.';
