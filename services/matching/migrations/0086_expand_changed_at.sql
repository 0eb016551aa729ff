-- When a match became what it is: rests and cool-offs count from its answer or its end, and not from its proposal.
ALTER TABLE matches ADD COLUMN changed_at timestamptz;
