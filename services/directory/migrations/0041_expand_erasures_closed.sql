-- When the last receipt of an erasure came: what is open is looked at often, what is closed never again.

ALTER TABLE erasures ADD COLUMN closed_at timestamptz;
CREATE INDEX erasures_waiting ON erasures (requested_at) WHERE closed_at IS NULL;
