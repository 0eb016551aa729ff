-- Statements for a learning record store.

-- name: wanted
SELECT EXISTS (SELECT FROM xapi_store)

-- name: set_store
INSERT INTO xapi_store (url) VALUES ($1) ON CONFLICT (one) DO UPDATE SET url = excluded.url
WHERE xapi_store.url <> excluded.url

-- name: unset_store
DELETE FROM xapi_store

-- name: current
-- Of these parts, those the facts have just so, in programmes that are not known to be closed.
SELECT session_id, person_id FROM participations AS fact
JOIN unnest($1::uuid[], $2::uuid[], $3::date[], $4::int[]) AS told (session_id, person_id, month, version)
    USING (session_id, person_id, month, version)
LEFT JOIN programmes USING (programme_id)
WHERE confidentiality IS NULL OR confidentiality = 'open'

-- name: told
-- What has been written of these parts and still holds.
SELECT statement_id, session_id, person_id, verb, day, minutes, attempts > 0 OR state IN ('sent', 'failed') AS gone
FROM xapi_statements JOIN unnest($1::uuid[], $2::uuid[]) AS part (session_id, person_id) USING (session_id, person_id)
WHERE voids IS NULL AND state <> 'withdrawn'

-- name: told_of
-- The same of people.
SELECT statement_id, attempts > 0 OR state IN ('sent', 'failed') AS gone
FROM xapi_statements WHERE person_id = ANY ($1::uuid[]) AND voids IS NULL AND state <> 'withdrawn'

-- name: add
INSERT INTO xapi_statements (statement_id, session_id, person_id, programme_id, verb, day, minutes, state)
SELECT statement_id, session_id, person_id, programme_id, verb, day, minutes, 'held'
FROM jsonb_to_recordset($1) AS told (
    statement_id uuid, session_id uuid, person_id uuid, programme_id uuid, verb text, day date, minutes int
)
ON CONFLICT DO NOTHING

-- name: drop_unsent
DELETE FROM xapi_statements WHERE statement_id = ANY ($1::uuid[])

-- name: void
WITH withdrawn AS (
    UPDATE xapi_statements SET state = 'withdrawn' WHERE statement_id = ANY ($1::uuid[])
)
INSERT INTO xapi_statements (statement_id, voids, verb, day, state)
SELECT statement_id, voids, 'voided', current_date, 'due'
FROM unnest($2::uuid[], $1::uuid[]) AS told (statement_id, voids)
ON CONFLICT DO NOTHING

-- name: forget
WITH actors AS (DELETE FROM xapi_actors WHERE person_id = ANY ($1::uuid[]))
UPDATE xapi_statements SET person_id = NULL, session_id = NULL WHERE person_id = ANY ($1::uuid[])

-- name: waiting
SELECT programme_id, date_trunc('month', day)::date AS month, count(DISTINCT person_id)::int AS people
FROM xapi_statements JOIN programmes USING (programme_id)
WHERE state = 'held' AND confidentiality = 'open'
GROUP BY 1, 2

-- name: let_go
WITH ripe AS (
    UPDATE xapi_statements AS kept SET state = 'due', due_at = now()
    FROM unnest($1::uuid[], $2::date[]) AS batch (programme_id, month)
    WHERE kept.state = 'held' AND kept.programme_id = batch.programme_id
        AND day >= batch.month AND day < (batch.month + interval '1 month')
    RETURNING kept.person_id, kept.programme_id
)
INSERT INTO xapi_actors (person_id, programme_id)
SELECT DISTINCT person_id, programme_id FROM ripe ORDER BY 1, 2
ON CONFLICT DO NOTHING

-- name: claim
-- In order of random ids: neither sessions nor people are told apart by their place.
WITH claimed AS (
    UPDATE xapi_statements SET attempts = attempts + 1, due_at = now() + interval '2 minutes'
    WHERE statement_id IN (
        SELECT statement_id FROM xapi_statements WHERE state = 'due' AND due_at <= now()
        ORDER BY due_at, statement_id LIMIT $1 FOR UPDATE SKIP LOCKED
    )
    RETURNING *
)
SELECT claimed.*, actor, programmes.name AS programme, programmes.format
FROM claimed
LEFT JOIN xapi_actors USING (person_id, programme_id)
LEFT JOIN programmes ON programmes.programme_id = claimed.programme_id
ORDER BY statement_id

-- name: settle
UPDATE xapi_statements AS kept SET state = settled.state, detail = settled.detail, due_at = settled.due_at,
    alone = settled.alone
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::boolean[])
    AS settled (statement_id, state, detail, due_at, alone)
WHERE kept.statement_id = settled.statement_id AND kept.state = 'due'
