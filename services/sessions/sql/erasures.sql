-- Forget people: nothing of theirs stays, and nothing that arrives late brings them back.

-- name: count_rows
-- What is held of people, before it goes.
SELECT person_id, count(*)::int AS held FROM (
    SELECT person_id FROM people UNION ALL SELECT person_id FROM contacts
    UNION ALL SELECT person_id FROM group_members UNION ALL SELECT person_id FROM acknowledgements
    UNION ALL SELECT person_id FROM participants UNION ALL SELECT person_id FROM feedback_given
    UNION ALL SELECT person_id FROM calendar_feeds
    UNION ALL SELECT facilitator_id FROM sessions UNION ALL SELECT facilitator_id FROM groups
    UNION ALL SELECT sponsor_id FROM programmes
) AS held WHERE person_id = ANY ($1::uuid[]) GROUP BY person_id

-- name: erase
-- One statement: everywhere or nowhere.
WITH people_gone AS (DELETE FROM people WHERE person_id = ANY ($1::uuid[])),
    contacts_gone AS (DELETE FROM contacts WHERE person_id = ANY ($1::uuid[])),
    members_gone AS (DELETE FROM group_members WHERE person_id = ANY ($1::uuid[])),
    acknowledgements_gone AS (DELETE FROM acknowledgements WHERE person_id = ANY ($1::uuid[])),
    participants_gone AS (DELETE FROM participants WHERE person_id = ANY ($1::uuid[])),
    given_gone AS (DELETE FROM feedback_given WHERE person_id = ANY ($1::uuid[])),
    feeds_gone AS (DELETE FROM calendar_feeds WHERE person_id = ANY ($1::uuid[])),
    groups_led AS (UPDATE groups SET facilitator_id = NULL WHERE facilitator_id = ANY ($1::uuid[]))
UPDATE sessions SET facilitator_id = NULL WHERE facilitator_id = ANY ($1::uuid[])

-- name: remember_erased
-- A second request finds how much the first one touched.
INSERT INTO erased_people AS e (person_id, rows)
SELECT * FROM unnest($1::uuid[], $2::int[])
ON CONFLICT (person_id) DO UPDATE SET rows = e.rows + excluded.rows
RETURNING person_id, rows

-- name: lock_sponsored
SELECT * FROM programmes WHERE sponsor_id = ANY ($1::uuid[]) ORDER BY programme_id FOR UPDATE
