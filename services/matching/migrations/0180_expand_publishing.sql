-- A round of very many people is told some at a time, each time as people are by then.
ALTER TABLE rounds ADD COLUMN publishing jsonb;
CREATE INDEX rounds_publishing ON rounds (round_id) WHERE publishing IS NOT NULL;
CREATE INDEX matches_previewed ON matches (round_id, coalesce(ring_id, match_id)) WHERE state = 'preview';
