-- What HR has said of workers, dated.

-- name: forgotten
-- Which of these workers have been erased.
SELECT number FROM unnest($1::text[]) AS number
WHERE EXISTS (SELECT FROM erased_workers WHERE digest = sha256(convert_to(number, 'UTF8')))

-- name: of_other_systems
-- Workers whose number another HR system has used before. A source that is a path is one of ours.
SELECT told.number, owner.source AS owner, told.source
FROM unnest($1::text[], $2::text[]) AS told (number, source),
LATERAL (
    SELECT source FROM worker_records
    WHERE employee_number = told.number AND source <> told.source AND NOT starts_with(source, '/') LIMIT 1
) AS owner
WHERE NOT starts_with(told.source, '/')
ORDER BY told.number LIMIT 1

-- name: insert_records
INSERT INTO worker_records (employee_number, effective_at, sequence, due_at, pending, state, region, source)
SELECT employee_number, effective_at, sequence, due_at, pending, state::jsonb, region, source
FROM unnest($1::text[], $2::date[], $3::bigint[], $4::timestamptz[], $5::boolean[], $6::text[], $7::text[], $8::text[])
    AS told (employee_number, effective_at, sequence, due_at, pending, state, region, source)
ORDER BY employee_number, effective_at, sequence
ON CONFLICT DO NOTHING

-- name: other_states
-- One that says something else than what is known under its date and sequence.
SELECT told.employee_number, told.effective_at, told.sequence
FROM unnest($1::text[], $2::date[], $3::bigint[], $4::text[], $5::text[])
    AS told (employee_number, effective_at, sequence, state, region)
JOIN worker_records AS known USING (employee_number, effective_at, sequence)
WHERE known.state <> told.state::jsonb OR known.region IS DISTINCT FROM told.region
LIMIT 1

-- name: earlier_records
-- What held before these records: of each earlier date the record with the highest sequence, in order of date. Looked
-- for worker by worker: as one join the planner reads the whole table for each batch.
SELECT employee_number, before.* FROM unnest($1::text[], $2::date[]) AS held (employee_number, effective_at),
LATERAL (
    SELECT DISTINCT ON (effective_at) effective_at AS valid_from, state ->> 'status' AS status,
        state ->> 'unit_code' AS unit_code, state ->> 'job_code' AS job_code,
        coalesce((state ->> 'job_level')::int, 0) AS job_level, state ->> 'site_code' AS site_code,
        (state ->> 'hire_date')::date AS hired_on
    FROM worker_records
    WHERE employee_number = held.employee_number AND effective_at < held.effective_at
        AND NOT pending AND refused IS NULL
    ORDER BY effective_at, sequence DESC
) AS before
ORDER BY employee_number, valid_from

-- name: applied_records
SELECT state || jsonb_strip_nulls(jsonb_build_object('region', region)) AS state FROM worker_records
WHERE (employee_number, effective_at, sequence) IN (SELECT * FROM unnest($1::text[], $2::date[], $3::bigint[]))

-- name: take_due_records
UPDATE worker_records AS record SET pending = false, refused = NULL, retried = due.refused IS NOT NULL
FROM (
    SELECT employee_number, effective_at, sequence, refused FROM worker_records
    WHERE pending AND due_at <= $1
        AND (hold_id IS NULL OR EXISTS (SELECT FROM holds WHERE holds.hold_id = worker_records.hold_id AND state = 'approved'))
    ORDER BY due_at LIMIT $2 FOR UPDATE
) AS due
WHERE (record.employee_number, record.effective_at, record.sequence)
    = (due.employee_number, due.effective_at, due.sequence)
RETURNING record.state || jsonb_strip_nulls(jsonb_build_object('region', record.region)) AS state, record.due_at, record.hold_id

-- name: refuse_record
-- The first time it stays pending, behind all that is due now; the second time it is refused for good.
UPDATE worker_records
SET refused = $4, pending = NOT retried, due_at = CASE WHEN retried THEN due_at ELSE $5 END
WHERE employee_number = $1 AND effective_at = $2 AND sequence = $3
RETURNING retried

-- name: forget_managers
-- What HR has said of others stays, but for whom it named as their manager.
UPDATE worker_records SET state = state - 'manager_employee_number'
WHERE state ->> 'manager_employee_number' = ANY ($1::text[])

-- name: delete_records
WITH gone AS (
    DELETE FROM worker_records WHERE employee_number = ANY ($1::text[]) RETURNING employee_number
)
SELECT employee_number, count(*) AS rows FROM gone GROUP BY employee_number

-- name: remember_erased
INSERT INTO erased_workers (digest)
SELECT sha256(convert_to(number, 'UTF8')) FROM unnest($1::text[]) AS number
ON CONFLICT DO NOTHING

-- name: history
-- All that HR has said of somebody, newest first, and what has become of each record. What a later sequence of the
-- same date has replaced is `superseded`; `valid_to` is the day on which the next state begins.
WITH told AS (
    SELECT record.*, CASE
            WHEN refused IS NOT NULL THEN 'refused'
            WHEN hold_id IS NOT NULL AND pending THEN 'held'
            WHEN pending THEN 'future'
            WHEN sequence < max(sequence) FILTER (WHERE NOT pending AND refused IS NULL) OVER day THEN 'superseded'
            ELSE 'valid'
        END AS standing
    FROM worker_records AS record
    WHERE employee_number = (SELECT employee_number FROM people WHERE person_id = $1)
        AND ($2::timestamptz IS NULL OR recorded_at <= $2)
    WINDOW day AS (PARTITION BY effective_at)
), dated AS (
    SELECT *, CASE WHEN standing IN ('valid', 'future') THEN
        lead(effective_at) OVER (PARTITION BY standing IN ('valid', 'future') ORDER BY effective_at, sequence) END AS valid_to
    FROM told
)
SELECT dated.effective_at AS valid_from, valid_to, sequence, standing, refused, source, recorded_at,
    dated.state ->> 'status' AS status, dated.state ->> 'unit_code' AS unit_code,
    dated.state ->> 'manager_employee_number' AS manager_employee_number, manager.person_id AS manager_id,
    dated.state ->> 'job_code' AS job_code, dated.state ->> 'job_title' AS job_title,
    coalesce((dated.state ->> 'job_level')::int, 0) AS job_level,
    dated.state ->> 'site_code' AS site_code, dated.state ->> 'country' AS country, dated.region,
    (dated.state ->> 'hire_date')::date AS hired_on, (dated.state ->> 'termination_date')::date AS leaves_on
FROM dated LEFT JOIN people AS manager ON manager.employee_number = dated.state ->> 'manager_employee_number'
WHERE ($3::date IS NULL OR (dated.effective_at, sequence) < ($3, $4::bigint))
    AND ($5::date IS NULL OR (standing IN ('valid', 'future') AND dated.effective_at <= $5))
ORDER BY dated.effective_at DESC, sequence DESC LIMIT $6
