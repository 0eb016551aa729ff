-- By which version of the programme's rules a match was made, also where no round made it.
ALTER TABLE matches ADD COLUMN rules_version int;
