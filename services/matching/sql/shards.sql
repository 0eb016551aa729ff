-- name: insert_shards
INSERT INTO shards (shard_id, round_id, places, beside)
SELECT
    shard_id, $1, array(SELECT jsonb_array_elements_text(places)::int),
    array(SELECT jsonb_array_elements_text(beside)::int)
FROM jsonb_to_recordset($2::jsonb) AS given (shard_id uuid, places jsonb, beside jsonb)

-- name: take
-- An offer read again, after a rebalance or a crash, gives the part to its new reader unless somebody is at work.
UPDATE shards SET worker = $2, taken_at = now()
WHERE shard_id = ANY ($1::uuid[]) AND found IS NULL AND (leased_until IS NULL OR leased_until < now())

-- name: claim
-- What this worker has taken, and what another took and left lying: half a minute, or until its lease ran out.
UPDATE shards SET worker = $1, tries = shards.tries + 1, leased_until = now() + make_interval(secs => open.seconds)
FROM (
    SELECT shard.shard_id, (rules.rules ->> 'seconds')::int + 60 AS seconds
    FROM shards AS shard
    JOIN rounds USING (round_id)
    JOIN rules ON rules.programme_id = rounds.programme_id AND rules.version = rounds.rules_version
    WHERE shard.worker IS NOT NULL AND shard.found IS NULL AND shard.tries < $3
        AND (shard.leased_until < now() OR shard.leased_until IS NULL
            AND (shard.worker = $1 OR shard.taken_at < now() - interval '30 seconds'))
        AND rounds.solving IN ('preview', 'publish') AND rounds.discarded_at IS NULL
    ORDER BY shard.shard_id LIMIT $2
    FOR UPDATE OF shard SKIP LOCKED
) AS open
WHERE shards.shard_id = open.shard_id
RETURNING shards.shard_id, shards.round_id, shards.places, shards.beside

-- name: keep
UPDATE shards SET found = given.found, leased_until = NULL
FROM jsonb_to_recordset($1::jsonb) AS given (shard_id uuid, found jsonb)
WHERE shards.shard_id = given.shard_id AND shards.found IS NULL

-- name: claim_join
-- A round all of whose parts are there and that nobody puts together yet.
UPDATE rounds SET joins = rounds.joins + 1, leased_until = now() + make_interval(secs => open.seconds)
FROM (
    SELECT round.round_id, (rules.rules ->> 'seconds')::int + 60 AS seconds
    FROM rounds AS round
    JOIN rules ON rules.programme_id = round.programme_id AND rules.version = round.rules_version
    WHERE round.solving IN ('preview', 'publish') AND round.discarded_at IS NULL AND round.joins < $1
        AND (round.leased_until IS NULL OR round.leased_until < now()) AND round.asks IS NULL
        AND NOT EXISTS (SELECT FROM shards WHERE shards.round_id = round.round_id AND shards.found IS NULL)
    ORDER BY round.round_id LIMIT 1
    FOR UPDATE OF round SKIP LOCKED
) AS open
WHERE rounds.round_id = open.round_id
RETURNING rounds.round_id, rounds.kind, rounds.severed

-- name: found
-- As it is written: whoever puts the round together reads it.
SELECT found::text FROM shards WHERE round_id = $1 ORDER BY shard_id

-- name: fail
-- Why stands in the report; the parts are of no use any more.
WITH failed AS (
    UPDATE rounds SET solving = 'failed', asks = NULL, report = report || jsonb_build_object('failed', $2::text)
    WHERE round_id = $1 AND solving IN ('preview', 'publish') RETURNING round_id
)
DELETE FROM shards USING failed WHERE shards.round_id = failed.round_id

-- name: give_up
-- Rounds with a part, a reading or a putting together that was tried as often as it may be and left lying.
SELECT DISTINCT round.round_id
FROM rounds AS round LEFT JOIN shards AS shard ON shard.round_id = round.round_id AND shard.found IS NULL
WHERE round.solving IN ('preview', 'publish')
    AND (shard.tries >= $1 AND shard.leased_until < now() OR round.joins >= $1 AND round.leased_until < now())
    AND (round.asks IS NULL OR pg_try_advisory_xact_lock(7300104, hashtext(round.round_id::text)))

-- name: forget
DELETE FROM shards WHERE round_id = $1
