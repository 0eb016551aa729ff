-- Which half of their working day people like sessions in; null is any.
ALTER TABLE people ADD COLUMN time_of_day text;
