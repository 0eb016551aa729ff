-- Who leaves, and whose leaving waits for an operator.

-- name: open_hold
SELECT hold_id FROM holds WHERE state = 'open' AND said_by = $1

-- name: waits_in
SELECT hold_id FROM held_leavers WHERE waiting AND way <> 'erasure' AND person_id = $1

-- name: gone_since
SELECT coalesce(sum(people), 0) FROM departures WHERE at > $1

-- name: count_here
-- No further than is asked for.
SELECT count(*) FROM (SELECT FROM people WHERE status <> 'left' LIMIT $1) AS here

-- name: count_departures
WITH old AS (DELETE FROM departures WHERE at < $1::timestamptz - interval '1 day')
INSERT INTO departures (at, people) VALUES ($1, $2)

-- name: insert_hold
INSERT INTO holds (opened_at, here, gone, said_by) VALUES ($1, $2, $3, $4) RETURNING hold_id

-- name: hold_people
INSERT INTO held_leavers (hold_id, person_id, way, held_at)
SELECT $1, person_id, $3, $4 FROM unnest($2::uuid[]) AS held (person_id)
ON CONFLICT (hold_id, person_id) DO UPDATE SET way = excluded.way, waiting = true

-- name: release_workers
DELETE FROM held_leavers USING people
WHERE waiting AND way = 'erasure' AND held_leavers.person_id = people.person_id AND employee_number = ANY ($1::text[])

-- name: forget_people
DELETE FROM held_leavers WHERE person_id = ANY ($1::uuid[])

-- name: take_approved
-- Some who wait no longer, by what was asked for.
WITH approved AS (
    SELECT hold_id, person_id FROM held_leavers JOIN holds USING (hold_id)
    WHERE waiting AND state = 'approved'
    ORDER BY hold_id, person_id LIMIT $1 FOR UPDATE OF held_leavers
), taken AS (
    UPDATE held_leavers SET waiting = false FROM approved
    WHERE (held_leavers.hold_id, held_leavers.person_id) = (approved.hold_id, approved.person_id)
    RETURNING held_leavers.person_id, way
)
SELECT taken.person_id, way, employee_number FROM taken JOIN people USING (person_id) ORDER BY taken.person_id

-- name: hold_records
UPDATE worker_records AS record SET pending = true, hold_id = $1
FROM unnest($2::text[], $3::date[], $4::bigint[]) AS held (employee_number, effective_at, sequence)
WHERE (record.employee_number, record.effective_at, record.sequence)
    = (held.employee_number, held.effective_at, held.sequence)

-- name: lock_hold
SELECT * FROM holds WHERE hold_id = $1 FOR UPDATE

-- name: decide_hold
UPDATE holds SET state = $2, decided_at = $3, decided_by = $4, why = $5 WHERE hold_id = $1

-- name: refuse_held
WITH stays AS (UPDATE held_leavers SET waiting = false WHERE hold_id = $1)
UPDATE worker_records SET pending = false, refused = $2 WHERE hold_id = $1 AND pending

-- name: get_hold
SELECT holds.*, (SELECT count(*) FROM worker_records WHERE hold_id = $1)
    + (SELECT count(*) FROM held_leavers WHERE hold_id = $1) AS records
FROM holds WHERE hold_id = $1

-- name: list_holds
-- Newest first.
SELECT holds.*, (SELECT count(*) FROM worker_records AS record WHERE record.hold_id = holds.hold_id)
    + (SELECT count(*) FROM held_leavers AS held WHERE held.hold_id = holds.hold_id) AS records
FROM holds WHERE $1::bigint IS NULL OR hold_id < $1
ORDER BY hold_id DESC LIMIT $2

-- name: held_people
WITH held AS (
    SELECT person.person_id, record.employee_number, record.effective_at, record.sequence, person.unit_code,
           'leaving' AS way
    FROM worker_records AS record JOIN people AS person USING (employee_number)
    WHERE record.hold_id = $1
    UNION ALL
    SELECT person_id, employee_number, (held_at AT TIME ZONE 'UTC')::date, 0, unit_code, way
    FROM held_leavers JOIN people USING (person_id) WHERE hold_id = $1
)
SELECT * FROM held
WHERE $2::text IS NULL OR (employee_number, effective_at, sequence) > ($2, $3::date, $4::bigint)
ORDER BY employee_number, effective_at, sequence LIMIT $5

-- name: waiting
SELECT (SELECT count(*) FROM worker_records JOIN holds USING (hold_id) WHERE holds.state = 'open')
    + (SELECT count(*) FROM held_leavers JOIN holds USING (hold_id) WHERE waiting AND holds.state = 'open')
