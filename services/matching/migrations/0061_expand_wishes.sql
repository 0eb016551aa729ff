-- How people like to learn; empty and null are any.

ALTER TABLE people
    ADD COLUMN formats        text[] NOT NULL DEFAULT '{}',
    ADD COLUMN modalities     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN pace           text,
    ADD COLUMN group_size_min int,
    ADD COLUMN group_size_max int;
