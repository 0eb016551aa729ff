-- Facts from a learning management system.

-- name: receive
-- Returns those that are news; of the others `digests` tells whether they are the same.
INSERT INTO xapi_received (statement_id, digest)
SELECT statement_id, digest FROM unnest($1::uuid[], $2::bytea[]) AS told (statement_id, digest)
ORDER BY statement_id
ON CONFLICT DO NOTHING
RETURNING statement_id

-- name: digests
SELECT statement_id, digest FROM xapi_received WHERE statement_id = ANY ($1::uuid[])

-- name: add
INSERT INTO learnings (statement_id, person_id, kind, month, division)
SELECT statement_id, person_id, kind, month_of(at),
    unit_below(unit_on(person_id, (at AT TIME ZONE 'UTC')::date), NULL)
FROM jsonb_to_recordset($1) AS told (statement_id uuid, person_id uuid, kind text, at timestamptz)
WHERE NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = told.person_id)
    AND NOT EXISTS (SELECT FROM closed_months AS closed WHERE closed.month = month_of(at))
ON CONFLICT DO NOTHING

-- name: withdraw
UPDATE learnings SET withdrawn = true WHERE statement_id = ANY ($1::uuid[])

-- name: waiting
SELECT kind, month, division, count(DISTINCT person_id)::int AS people FROM learnings
WHERE counted = withdrawn
GROUP BY kind, month, division

-- name: count
WITH done AS (
    UPDATE learnings AS kept SET counted = NOT withdrawn
    FROM unnest($1::text[], $2::date[], $3::text[]) AS batch (kind, month, division)
    WHERE counted = withdrawn
        AND (kept.kind, kept.month, kept.division) = (batch.kind, batch.month, batch.division)
    RETURNING 1
)
SELECT count(*)::int FROM done

-- name: erase
UPDATE learnings AS kept SET person_id = pseudonym
FROM unnest($1::uuid[], $2::uuid[]) AS people (person_id, pseudonym)
WHERE kept.person_id = people.person_id
RETURNING people.person_id
