-- Somebody has cancelled it: a longer term does not bring it back, wherever it lies.
ALTER TABLE sessions ADD COLUMN called_off boolean NOT NULL DEFAULT false;
