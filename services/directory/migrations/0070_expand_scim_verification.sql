-- A subscriber may ask for a token that is about nobody, to see that tokens arrive.

ALTER TABLE scim_events ALTER COLUMN person_id DROP NOT NULL, ADD COLUMN state text;
COMMENT ON COLUMN scim_events.person_id IS 'Whom it is about; null: nobody, it verifies the way.';
COMMENT ON COLUMN scim_events.state IS 'What the subscriber wants to find again in a verification.';
