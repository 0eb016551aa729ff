-- Who leaves, and whose leaving waits for an operator.

-- name: open_hold
SELECT hold_id FROM holds WHERE state = 'open'

-- name: gone_since
SELECT coalesce(sum(people), 0) FROM departures WHERE at > $1

-- name: count_here
SELECT count(*) FROM people WHERE status <> 'left'

-- name: count_departures
WITH old AS (DELETE FROM departures WHERE at < $1::timestamptz - interval '1 day')
INSERT INTO departures (at, people) VALUES ($1, $2)

-- name: insert_hold
INSERT INTO holds (opened_at, here, gone) VALUES ($1, $2, $3) RETURNING hold_id

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
UPDATE worker_records SET pending = false, refused = $2 WHERE hold_id = $1 AND pending

-- name: get_hold
SELECT holds.*, (SELECT count(*) FROM worker_records WHERE hold_id = $1) AS records FROM holds WHERE hold_id = $1

-- name: list_holds
-- Newest first.
SELECT holds.*, (SELECT count(*) FROM worker_records AS record WHERE record.hold_id = holds.hold_id) AS records
FROM holds WHERE $1::bigint IS NULL OR hold_id < $1
ORDER BY hold_id DESC LIMIT $2

-- name: held_people
SELECT person.person_id, record.employee_number, record.effective_at, record.sequence, person.unit_code
FROM worker_records AS record JOIN people AS person USING (employee_number)
WHERE record.hold_id = $1
    AND ($2::text IS NULL OR (record.employee_number, record.effective_at, record.sequence) > ($2, $3::date, $4::bigint))
ORDER BY record.employee_number, record.effective_at, record.sequence LIMIT $5

-- name: waiting
SELECT count(*) FROM worker_records JOIN holds USING (hold_id) WHERE holds.state = 'open'
