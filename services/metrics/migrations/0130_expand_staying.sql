-- Experts who stay, whether they take part in anything or not: what they know is in the house.
ALTER TABLE skill_cells ADD COLUMN staying int;
COMMENT ON COLUMN skill_cells.staying IS
    'experts who do not leave within 90 days; told in bands only; null where the release before counted last';
