-- In a part of a round of circles are also those above its people: they keep lines apart, and are placed elsewhere.
ALTER TABLE shards ADD COLUMN beside int[] NOT NULL DEFAULT '{}';
