-- Whether a skill is called so is asked skill by skill, of the index alone; it serves what the shorter one did.
CREATE INDEX skill_terms_of ON skill_terms (skill_id, term) INCLUDE (rank, language);
DROP INDEX skill_terms_skill;
