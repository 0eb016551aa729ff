-- Colleagues near a newcomer are found without reading everybody.
CREATE INDEX people_unit ON people (unit_code);
CREATE INDEX people_site ON people (site_code, person_id);
