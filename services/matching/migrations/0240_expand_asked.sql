-- Whether who learns has asked for it themselves, of somebody suggested, and by which version of the engine it was made.
ALTER TABLE matches ADD COLUMN asked boolean NOT NULL DEFAULT false, ADD COLUMN engine int;
