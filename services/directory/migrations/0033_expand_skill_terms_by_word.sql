-- Several words in any order are looked up each by itself, whatever their rank.
CREATE INDEX skill_terms_word ON skill_terms (term, skill_id) INCLUDE (language);
