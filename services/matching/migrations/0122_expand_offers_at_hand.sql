-- All that a question reads of an offer is in the index it is found by.
CREATE INDEX skill_offers_at_hand ON skill_offers (skill_id, language, lot, person_id)
    INCLUDE (level, profile, marks, places);
