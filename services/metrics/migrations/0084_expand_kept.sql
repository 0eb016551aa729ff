-- What stayed: sums of a question's scores over the pairs of a part that were answered a third time.
ALTER TABLE survey_items ADD COLUMN kept int NOT NULL DEFAULT 0;
ALTER TABLE survey_items ADD COLUMN kept_after int NOT NULL DEFAULT 0;
ALTER TABLE survey_items ADD COLUMN kept_later int NOT NULL DEFAULT 0;
ALTER TABLE survey_items ADD COLUMN least_kept int;
ALTER TABLE survey_items ADD COLUMN most_kept int;
COMMENT ON COLUMN survey_items.kept IS 'pairs with a third answer';
COMMENT ON COLUMN survey_items.least_kept IS 'the least of third - second answer; null where there is none';
