-- Where people meet in person only, those who are brought together work at one site. Rules there are go on without; a
-- column of its own, as the release before refuses rules it does not know.
ALTER TABLE rules ADD COLUMN one_site boolean NOT NULL DEFAULT false;
