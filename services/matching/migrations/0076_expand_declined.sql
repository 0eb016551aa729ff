-- What earlier answers teach is read with every proposal.
CREATE INDEX matches_declined ON matches (programme_id) WHERE state = 'declined';
