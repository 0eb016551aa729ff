-- A pair's own start and end, within its programme's; null is as the programme says.
ALTER TABLE groups
    ADD COLUMN term_starts_on date,
    ADD COLUMN term_ends_on date,
    ADD CONSTRAINT groups_term CHECK (term_starts_on <= term_ends_on) NOT VALID;
