-- A survey may ask a third time: what has stayed.
ALTER TABLE surveys ADD COLUMN later_from date;
ALTER TABLE surveys ADD COLUMN later_to date;
ALTER TABLE surveys ADD CONSTRAINT surveys_later_check CHECK (later_to >= later_from) NOT VALID;
