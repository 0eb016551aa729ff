-- A round among very many people is asked for, then read and solved by a worker.
ALTER TABLE rounds ADD COLUMN asks jsonb;
CREATE INDEX rounds_to_read ON rounds (round_id) WHERE asks IS NOT NULL;
