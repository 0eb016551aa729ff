-- Files of workers.

-- name: insert_feed
INSERT INTO feeds (feed_id, source, adapter, form, encoding, snapshot, defaults, said_at, created_by, manifest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: lock_feed
SELECT feed_id, source, adapter, form, encoding, snapshot, defaults, said_at, state, last_line, taken, unchanged, refused,
       unreadable, missing, created_by, created_at, updated_at, manifest, disagreements
FROM feeds WHERE feed_id = $1 FOR UPDATE

-- name: get_feed
SELECT feed_id, source, adapter, form, encoding, snapshot, defaults, said_at, state, last_line, taken, unchanged, refused,
       unreadable, missing, created_by, created_at, updated_at, manifest, disagreements
FROM feeds WHERE feed_id = $1

-- name: list_feeds
-- Newest first.
SELECT feed_id, source, adapter, form, encoding, snapshot, defaults, said_at, state, last_line, taken, unchanged, refused,
       unreadable, missing, created_by, created_at, updated_at, manifest, disagreements
FROM feeds
WHERE $1::timestamptz IS NULL OR (created_at, feed_id) < ($1, $2::uuid)
ORDER BY created_at DESC, feed_id DESC LIMIT $3

-- name: count_lines
UPDATE feeds SET last_line = $2, taken = taken + $3, unchanged = unchanged + $4, refused = refused + $5,
    unreadable = unreadable + $6, updated_at = now()
WHERE feed_id = $1

-- name: set_state
UPDATE feeds SET state = $2, updated_at = now() WHERE feed_id = $1

-- name: lock_source
-- One file of a system at a time is brought to its end.
SELECT pg_advisory_xact_lock(7310002, hashtext($1))

-- name: newest_reconciled
SELECT max(said_at) FROM feeds WHERE source = $1 AND snapshot AND state <> 'open' AND disagreements = '[]'

-- name: disagree
UPDATE feeds SET disagreements = $2 WHERE feed_id = $1

-- name: insert_missing
-- Whoever is here by this source's word, and was not named. EXCEPT needs no statistics of a table just filled.
INSERT INTO feed_missing (feed_id, employee_number)
SELECT $1, employee_number FROM (
    SELECT person.employee_number
    FROM people AS person JOIN worker_records AS record
        ON (record.employee_number, record.effective_at, record.sequence)
            = (person.employee_number, person.record_effective_at, person.record_sequence)
    WHERE person.status <> 'left' AND record.source = $2
    EXCEPT
    SELECT employee_number FROM feed_seen WHERE feed_id = $1
) AS lacking
ON CONFLICT DO NOTHING

-- name: count_missing
UPDATE feeds SET missing = (SELECT count(*) FROM feed_missing WHERE feed_id = $1) WHERE feed_id = $1
RETURNING missing

-- name: forget_seen
DELETE FROM feed_seen WHERE feed_id = $1

-- name: list_refusals
SELECT line, employee_number, reason FROM feed_refusals
WHERE feed_id = $1 AND ($2::int IS NULL OR line > $2)
ORDER BY line LIMIT $3

-- name: list_missing
SELECT missing.employee_number, person.person_id, person.unit_code, missing.outcome
FROM feed_missing AS missing LEFT JOIN people AS person USING (employee_number)
WHERE missing.feed_id = $1 AND ($2::text IS NULL OR missing.employee_number > $2)
ORDER BY missing.employee_number LIMIT $3

-- name: lock_confirmed
SELECT feed_id, source, adapter, form, encoding, snapshot, defaults, said_at, state, last_line, taken, unchanged, refused,
       unreadable, missing, created_by, created_at, updated_at, manifest, disagreements
FROM feeds WHERE state = 'confirmed' ORDER BY feed_id LIMIT 1 FOR UPDATE

-- name: next_missing
SELECT employee_number FROM feed_missing
WHERE feed_id = $1 AND outcome IS NULL ORDER BY employee_number LIMIT $2

-- name: close_missing
UPDATE feed_missing AS missing SET outcome = closed.outcome
FROM unnest($2::text[], $3::text[]) AS closed (employee_number, outcome)
WHERE missing.feed_id = $1 AND missing.employee_number = closed.employee_number

-- name: lines_to_try_again
SELECT line, employee_number, record FROM feed_refusals
WHERE feed_id = $1 AND record IS NOT NULL ORDER BY line LIMIT $2

-- name: close_refusals
-- At the end of the file these lines have been taken after all; nothing is tried any more.
WITH taken AS (
    DELETE FROM feed_refusals WHERE feed_id = $1 AND line = ANY ($2::int[])
), refused AS (
    UPDATE feed_refusals SET record = NULL
    WHERE feed_id = $1 AND record IS NOT NULL AND line <> ALL ($2::int[])
)
UPDATE feeds SET taken = taken + cardinality($2::int[]), refused = refused - cardinality($2::int[]), updated_at = now()
WHERE feed_id = $1

-- name: delete_workers
-- Whoever is erased is in no feed either, nor anybody's manager in a line that is to be tried again.
WITH refusals AS (
    DELETE FROM feed_refusals WHERE employee_number = ANY ($1::text[])
), managed AS (
    UPDATE feed_refusals SET record = record - 'manager_employee_number'
    WHERE record IS NOT NULL AND record ->> 'manager_employee_number' = ANY ($1::text[])
        AND employee_number <> ALL ($1::text[])
), seen AS (
    DELETE FROM feed_seen WHERE employee_number = ANY ($1::text[])
)
DELETE FROM feed_missing WHERE employee_number = ANY ($1::text[])

-- name: standing_states
-- What was said last of these workers, for their days, without what dates it.
SELECT told.place, record.state - 'effective_at' - 'sequence_number' AS state
FROM unnest($1::text[], $2::date[]) WITH ORDINALITY AS told (employee_number, day, place)
JOIN LATERAL (
    SELECT state || jsonb_strip_nulls(jsonb_build_object('region', region)) AS state FROM worker_records
    WHERE employee_number = told.employee_number AND effective_at <= told.day AND refused IS NULL
    ORDER BY effective_at DESC, sequence DESC LIMIT 1
) AS record ON true
