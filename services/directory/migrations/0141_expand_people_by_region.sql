-- People of a region, by name.
CREATE INDEX people_region ON people (region, display_name, person_id) WHERE region IS NOT NULL;
