-- A key for each person or thing that records are keyed by: what is sealed with it is gone when the key is.

CREATE TABLE subject_keys (
    subject    bytea PRIMARY KEY CHECK (length(subject) = 32),
    secret     bytea,
    wrapped_by text,
    used_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN subject_keys.subject IS 'SHA-256 of what the records are keyed by.';
COMMENT ON COLUMN subject_keys.secret IS 'The key; null once the subject was erased: nothing of it is kept any more.';
COMMENT ON COLUMN subject_keys.wrapped_by IS 'Which wrapping key it is encrypted with; null: it lies here as it is.';

ALTER TABLE dead_letters ADD COLUMN sealed_for bytea;
COMMENT ON COLUMN dead_letters.sealed_for IS 'Whose key opens value, key_bytes and header_values; null: they are open.';
CREATE INDEX dead_letters_sealed_for ON dead_letters (sealed_for);
