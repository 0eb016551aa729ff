-- The trail says what changed: names of fields and the versions before and after, never a value.

ALTER TABLE audit ADD COLUMN fields text[], ADD COLUMN before text, ADD COLUMN after text;
COMMENT ON COLUMN audit.fields IS 'Names of the fields that were given; what was in them stands nowhere here.';
COMMENT ON COLUMN audit.before IS 'The version that the caller had seen.';
COMMENT ON COLUMN audit.after IS 'The version that came of it.';
