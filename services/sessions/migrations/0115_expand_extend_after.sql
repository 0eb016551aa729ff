-- A matched group whose programme or own term has become longer: sessions are to be placed after the day on which it ended
-- before. Null where nothing is to be done.
ALTER TABLE groups ADD COLUMN extend_after date;
CREATE INDEX groups_to_extend ON groups (group_id) WHERE extend_after IS NOT NULL;
