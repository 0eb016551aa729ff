-- A round of very many people is solved in parts by whichever workers are free, and put together by one of them.

ALTER TABLE rounds
    ADD COLUMN solving      text CHECK (solving IN ('preview', 'publish', 'failed')),
    ADD COLUMN severed      boolean NOT NULL DEFAULT false,
    ADD COLUMN joins        int NOT NULL DEFAULT 0,
    ADD COLUMN leased_until timestamptz;
CREATE INDEX rounds_solving ON rounds (round_id) WHERE solving IN ('preview', 'publish');

-- People by their place in the round: who they are stands in round_people alone.
CREATE TABLE shards (
    shard_id     uuid PRIMARY KEY,
    round_id     uuid NOT NULL REFERENCES rounds,
    places       int[] NOT NULL,
    worker       uuid,
    taken_at     timestamptz,
    tries        int NOT NULL DEFAULT 0,
    leased_until timestamptz,
    found        jsonb
);
CREATE INDEX shards_round ON shards (round_id);
CREATE INDEX shards_taken ON shards (shard_id) WHERE worker IS NOT NULL AND found IS NULL;
