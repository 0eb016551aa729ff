-- How many terms begin so is guessed from a histogram. Terms that begin alike all lay within one of its hundred steps,
-- were taken for one, and were then read anew for each skill.
ALTER TABLE skill_terms ALTER COLUMN term SET STATISTICS 2000;
ANALYZE skill_terms;
