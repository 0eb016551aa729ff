-- What HR has said of workers, dated.

-- name: forgotten
-- Which of these workers have been erased.
SELECT number FROM unnest($1::text[]) AS number
WHERE EXISTS (SELECT FROM erased_workers WHERE digest = sha256(convert_to(number, 'UTF8')))

-- name: insert_records
WITH told AS (
    SELECT * FROM unnest($1::text[], $2::date[], $3::bigint[], $4::timestamptz[], $5::boolean[], $6::jsonb[])
        AS record (employee_number, effective_at, sequence, due_at, pending, state)
), written AS (
    INSERT INTO worker_records (employee_number, effective_at, sequence, due_at, pending, state)
    SELECT * FROM told ORDER BY employee_number, effective_at, sequence
    ON CONFLICT DO NOTHING
)
SELECT told.employee_number, told.effective_at, told.sequence
FROM told JOIN worker_records AS known USING (employee_number, effective_at, sequence)
WHERE known.state <> told.state
LIMIT 1

-- name: applied_records
SELECT state FROM worker_records
WHERE (employee_number, effective_at, sequence) IN (SELECT * FROM unnest($1::text[], $2::date[], $3::bigint[]))

-- name: take_due_records
UPDATE worker_records AS record SET pending = false
FROM (
    SELECT employee_number, effective_at, sequence FROM worker_records
    WHERE pending AND due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE
) AS due
WHERE (record.employee_number, record.effective_at, record.sequence)
    = (due.employee_number, due.effective_at, due.sequence)
RETURNING record.state, record.due_at

-- name: refuse_record
UPDATE worker_records SET refused = $4 WHERE employee_number = $1 AND effective_at = $2 AND sequence = $3

-- name: delete_records
WITH gone AS (
    DELETE FROM worker_records WHERE employee_number = ANY ($1::text[]) RETURNING employee_number
)
SELECT employee_number, count(*) AS rows FROM gone GROUP BY employee_number

-- name: remember_erased
INSERT INTO erased_workers (digest)
SELECT sha256(convert_to(number, 'UTF8')) FROM unnest($1::text[]) AS number
ON CONFLICT DO NOTHING
