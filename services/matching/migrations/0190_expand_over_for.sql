-- How a request stood when it was over for one of those asked and went on for others: they find it withdrawn from then on.
ALTER TABLE help_asks ADD COLUMN over_version int, ADD COLUMN over_circle text, ADD COLUMN over_first_offer_at timestamptz;
