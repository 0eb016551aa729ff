-- Whose offers were known before their profiles were kept: a timer packs them, some at a time.
CREATE INDEX skill_offers_unpacked ON skill_offers (person_id) WHERE profile IS NULL;
