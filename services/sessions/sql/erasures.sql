-- Forget people: nothing of theirs stays, and nothing that arrives late brings them back.

-- name: count_rows
-- What is held of people, before it goes.
SELECT person_id, count(*)::int AS held FROM (
    SELECT person_id FROM people UNION ALL SELECT person_id FROM contacts
    UNION ALL SELECT person_id FROM group_members UNION ALL SELECT person_id FROM acknowledgements
    UNION ALL SELECT person_id FROM participants UNION ALL SELECT person_id FROM feedback_given
    UNION ALL SELECT person_id FROM calendar_feeds
    UNION ALL SELECT person_id FROM availability UNION ALL SELECT person_id FROM busy_times
    UNION ALL SELECT person_id FROM join_requests UNION ALL SELECT person_id FROM watches
    UNION ALL SELECT person_id FROM recording_consents UNION ALL SELECT person_id FROM rooms
    UNION ALL SELECT founded_by FROM groups UNION ALL SELECT written_by FROM artefacts
    UNION ALL SELECT asked_by FROM recordings
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
    availability_gone AS (DELETE FROM availability WHERE person_id = ANY ($1::uuid[])),
    busy_gone AS (DELETE FROM busy_times WHERE person_id = ANY ($1::uuid[])),
    requests_gone AS (DELETE FROM join_requests WHERE person_id = ANY ($1::uuid[])),
    watches_gone AS (DELETE FROM watches WHERE person_id = ANY ($1::uuid[])),
    consents_gone AS (DELETE FROM recording_consents WHERE person_id = ANY ($1::uuid[])),
    rooms_left AS (DELETE FROM rooms WHERE person_id = ANY ($1::uuid[])),
    writers_forgotten AS (UPDATE artefacts SET written_by = NULL WHERE written_by = ANY ($1::uuid[])),
    askers_forgotten AS (UPDATE recordings SET asked_by = NULL WHERE asked_by = ANY ($1::uuid[])),
    managers_gone AS (UPDATE people SET manager_id = NULL WHERE manager_id = ANY ($1::uuid[])),
    groups_led AS (
        UPDATE groups SET facilitator_id = CASE WHEN NOT facilitator_id = ANY ($1::uuid[]) THEN facilitator_id END,
            founded_by = CASE WHEN NOT founded_by = ANY ($1::uuid[]) THEN founded_by END
        WHERE facilitator_id = ANY ($1::uuid[]) OR founded_by = ANY ($1::uuid[])
    )
UPDATE sessions SET facilitator_id = NULL WHERE facilitator_id = ANY ($1::uuid[])

-- name: forget_goals
-- A group's own goals are about whoever is in it. Before they leave, for after that nothing says that they were.
DELETE FROM artefacts WHERE kind = 'goals' AND (written_by = ANY ($1::uuid[]) OR group_id IN (
    SELECT m.group_id FROM group_members AS m WHERE m.person_id = ANY ($1::uuid[])
))

-- name: remember_erased
-- A second request finds how much the first one touched.
INSERT INTO erased_people AS e (person_id, rows)
SELECT * FROM unnest($1::uuid[], $2::int[])
ON CONFLICT (person_id) DO UPDATE SET rows = e.rows + excluded.rows
RETURNING person_id, rows

-- name: lock_sponsored
SELECT * FROM programmes WHERE sponsor_id = ANY ($1::uuid[]) ORDER BY programme_id FOR UPDATE
