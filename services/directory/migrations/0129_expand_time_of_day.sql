-- Which half of their working day people like for learning. Nullable: none is any.
ALTER TABLE people ADD COLUMN time_of_day text;
