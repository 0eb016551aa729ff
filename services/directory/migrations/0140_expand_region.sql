-- In which region somebody works. Of HR's records it stands beside the state: the previous release reads states with the
-- fields it knows, and none else.
ALTER TABLE people ADD COLUMN region text;
ALTER TABLE worker_records ADD COLUMN region text;
