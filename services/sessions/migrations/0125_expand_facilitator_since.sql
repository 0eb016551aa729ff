-- As the directory tells it: `ready_since` was the day on which sessions first heard of it, another one after a rebuild.
-- Nothing reads or writes that any more; it goes with a later release.
ALTER TABLE people ADD COLUMN facilitator_since date;
