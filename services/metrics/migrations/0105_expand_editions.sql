-- By which definition a table was counted: another one is another table. Null in those of before.
ALTER TABLE editions ADD COLUMN definition_version text;
