-- Which occurrence of its group's rule a session is, on the clock of the rule's zone; none where it is of no rule.
ALTER TABLE sessions ADD COLUMN occurrence timestamp;
