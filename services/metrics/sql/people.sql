-- Who belonged where and when, and who is to be forgotten.

-- name: own_membership
-- Facts look the unit up under a shared lock: no fact can slip in beside a change and keep the unit of before.
SELECT pg_advisory_xact_lock(7300010)

-- name: apply_membership
-- What holds of people, and what held before. The past is written from the first state on that says something new of
-- it: a state of a higher version takes the place of all that was known to follow.
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset($1) AS told (
        person_id uuid, valid_from date, version int, unit_path text[], status text, hired_on date, past boolean
    )
    WHERE NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = told.person_id)
), corrected AS (
    SELECT person_id, min(valid_from) AS since FROM incoming
    WHERE past AND NOT EXISTS (
        -- The path that a unit had then stays; one that was not known yet does not.
        SELECT FROM membership AS kept
        WHERE (kept.person_id, kept.valid_from) = (incoming.person_id, incoming.valid_from)
            AND (kept.version >= incoming.version
                OR (kept.status, kept.hired_on, kept.unit_path[cardinality(kept.unit_path)])
                    = (incoming.status, incoming.hired_on, incoming.unit_path[cardinality(incoming.unit_path)])
                AND (cardinality(kept.unit_path) > 1 OR kept.unit_path = incoming.unit_path))
    )
    GROUP BY person_id
)
INSERT INTO membership AS kept (person_id, valid_from, version, unit_path, status, hired_on)
SELECT person_id, valid_from, version, unit_path, status, hired_on
FROM incoming LEFT JOIN corrected USING (person_id)
WHERE NOT past OR valid_from >= since
ORDER BY person_id, valid_from
ON CONFLICT (person_id, valid_from) DO UPDATE SET
    version = excluded.version, unit_path = excluded.unit_path, status = excluded.status, hired_on = excluded.hired_on
WHERE kept.version < excluded.version
RETURNING person_id

-- name: forget_spans
DELETE FROM spans WHERE person_id = ANY ($1::uuid[])

-- name: refresh_spans
INSERT INTO spans (person_id, valid_from, valid_to, unit_path, status)
SELECT person_id, valid_from, valid_to, unit_path, status FROM membership_spans WHERE person_id = ANY ($1::uuid[])
ON CONFLICT (person_id, valid_from) DO NOTHING

-- name: reattribute
-- Facts of people whose past has become known better move to the unit they belonged to then.
UPDATE participations AS fact SET unit_path = known.unit_path, changed_by = pg_current_xact_id()
FROM (
    SELECT session_id, person_id, month, unit_on(person_id, (starts_at AT TIME ZONE 'UTC')::date) AS unit_path
    FROM participations WHERE person_id = ANY ($1::uuid[])
) AS known
WHERE fact.session_id = known.session_id AND fact.person_id = known.person_id AND fact.month = known.month
    AND fact.unit_path <> known.unit_path

-- name: remember_erasure
INSERT INTO erased_people (person_id, erased_on, touched)
SELECT person_id, current_date, 0 FROM unnest($1::uuid[]) AS person_id ORDER BY person_id
ON CONFLICT DO NOTHING
RETURNING person_id

-- name: note_pseudonyms
INSERT INTO pseudonyms (pseudonym) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING

-- name: erase_facts
-- Facts live on under a name that nothing else knows, so that published numbers stay what they were.
UPDATE participations AS fact SET person_id = pseudonym
FROM unnest($1::uuid[], $2::uuid[]) AS people (person_id, pseudonym)
WHERE fact.person_id = people.person_id
RETURNING people.person_id

-- name: erase_facilitation
UPDATE sessions AS session SET facilitator_id = pseudonym
FROM unnest($1::uuid[], $2::uuid[]) AS people (person_id, pseudonym)
WHERE session.facilitator_id = people.person_id
RETURNING people.person_id

-- name: erase_matches
UPDATE matches AS kept SET member_ids = array_replace(member_ids, people.person_id, people.pseudonym)
FROM unnest($1::uuid[], $2::uuid[]) AS people (person_id, pseudonym)
WHERE kept.member_ids @> ARRAY[people.person_id]
RETURNING people.person_id

-- name: erase_membership
UPDATE membership AS kept SET person_id = pseudonym
FROM unnest($1::uuid[], $2::uuid[]) AS people (person_id, pseudonym)
WHERE kept.person_id = people.person_id
RETURNING people.person_id

-- name: end_membership
-- Whoever is forgotten counts among nobody's people from that day on.
INSERT INTO membership AS kept (person_id, valid_from, version, unit_path, status, hired_on)
SELECT DISTINCT ON (person_id) person_id, day, max(version) OVER (PARTITION BY person_id) + 1, unit_path, 'left', hired_on
FROM membership JOIN unnest($1::uuid[], $2::date[]) AS erased (person_id, day) USING (person_id)
ORDER BY person_id, version DESC, valid_from DESC
ON CONFLICT (person_id, valid_from) DO UPDATE SET status = excluded.status, version = excluded.version

-- name: count_erased
UPDATE erased_people AS erased SET touched = erased.touched + counted.touched
FROM unnest($1::uuid[], $2::int[]) AS counted (person_id, touched)
WHERE erased.person_id = counted.person_id

-- name: erasures
SELECT person_id, touched FROM erased_people WHERE person_id = ANY ($1::uuid[])
