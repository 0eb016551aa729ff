-- The legs of one exchange know of each other; one that is taken back although nobody said no to it is `withdrawn`.
ALTER TABLE matches ADD COLUMN ring_id uuid;
CREATE INDEX matches_ring ON matches (ring_id) WHERE ring_id IS NOT NULL;

-- Only wider than before: what is there fits it.
ALTER TABLE matches DROP CONSTRAINT matches_state_check;
ALTER TABLE matches ADD CONSTRAINT matches_state_check CHECK (
    state IN ('preview', 'proposed', 'accepted', 'declined', 'expired', 'formed', 'ended', 'withdrawn')
) NOT VALID;
