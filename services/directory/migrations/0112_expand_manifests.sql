-- A file may come with a manifest; what does not agree with it reconciles nothing.

ALTER TABLE feeds ADD COLUMN manifest jsonb, ADD COLUMN disagreements jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN feeds.manifest IS 'What the sender says of the file: rows and sha256.';
COMMENT ON COLUMN feeds.disagreements IS 'What differs from the file: field, said, found. Not empty: nobody was reported as missing.';
CREATE INDEX feeds_reconciled ON feeds (source, said_at) WHERE snapshot AND state <> 'open' AND disagreements = '[]';
