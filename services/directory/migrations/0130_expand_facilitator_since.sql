-- Since when somebody is ready to facilitate. Filled when they are next derived.
ALTER TABLE people ADD COLUMN facilitator_since date;
