-- People as published, and what they are derived from.

-- name: lock_chart
SELECT pg_advisory_xact_lock($1)

-- name: lock_people
SELECT * FROM people WHERE employee_number = ANY ($1::text[]) ORDER BY person_id FOR UPDATE

-- name: lock_person
SELECT * FROM people WHERE person_id = $1 FOR UPDATE

-- name: lock_people_by_id
SELECT * FROM people WHERE person_id = ANY ($1::uuid[]) ORDER BY person_id FOR UPDATE

-- name: lock_people_after
SELECT * FROM people WHERE $1::uuid IS NULL OR person_id > $1 ORDER BY person_id LIMIT $2 FOR UPDATE

-- name: lock_stale_people
SELECT * FROM people WHERE stale ORDER BY person_id LIMIT $1 FOR UPDATE

-- name: any_stale
SELECT EXISTS (SELECT FROM people WHERE stale)

-- name: managers
-- Who can be reported to, by employee number.
SELECT employee_number, person_id FROM people WHERE employee_number = ANY ($1::text[]) AND status <> 'left'

-- name: lines_above
-- The reporting lines from these people to the top; each manager once, however many people report to them.
WITH RECURSIVE line AS (
    SELECT employee_number, manager_employee_number FROM people
    WHERE employee_number = ANY ($1::text[]) AND status <> 'left'
    UNION
    SELECT manager.employee_number, manager.manager_employee_number
    FROM line JOIN people AS manager ON manager.employee_number = line.manager_employee_number
    WHERE manager.status <> 'left'
)
SELECT employee_number, manager_employee_number FROM line WHERE manager_employee_number IS NOT NULL

-- name: overwrite_people
-- By id, what is new of people: columns by name; what is not named stays as it is.
UPDATE people SET (
    record_effective_at, record_sequence, manager_employee_number, given_name, family_name, job_title,
    employment_type, region, profile, contact_version, display_name, email, locale, version, effective_at, status,
    unit_code, unit_path, manager_id, job_code, job_level, job_function, site_code, country, time_zone, work_starts,
    work_ends, work_days, languages, offers, needs, capacity, time_budget_minutes, facilitator_ready, opted_in,
    paused_until, not_with, hired_on, leaves_on, history, formats, modalities, pace, time_of_day, group_size_min,
    group_size_max, experience, facilitator_since, proficiencies, stale, changed_at
) = (
    SELECT
        record_effective_at, record_sequence, manager_employee_number, given_name, family_name, job_title,
        employment_type, region, profile, contact_version, display_name, email, locale, version, effective_at, status,
        unit_code, unit_path, manager_id, job_code, job_level, job_function, site_code, country, time_zone,
        work_starts, work_ends, work_days, languages, offers, needs, capacity, time_budget_minutes,
        facilitator_ready, opted_in, paused_until, not_with, hired_on, leaves_on, history, formats, modalities,
        pace, time_of_day, group_size_min, group_size_max, experience, facilitator_since, proficiencies, stale, changed_at
    FROM json_populate_record(people, told.news)
)
FROM unnest($1::uuid[], $2::json[]) AS told (person_id, news)
WHERE people.person_id = told.person_id

-- name: mark_reports_stale
-- All who report to these managers, but for those who are derived anew in this transaction anyway.
WITH reports AS (
    SELECT person_id FROM people
    WHERE manager_employee_number = ANY ($1::text[]) AND NOT stale AND employee_number <> ALL ($2::text[])
    ORDER BY person_id FOR UPDATE
)
UPDATE people SET stale = true FROM reports WHERE people.person_id = reports.person_id

-- name: mark_units_stale
-- The people of these units, and those who were in them before.
WITH touched AS (
    SELECT person_id FROM people WHERE unit_code = ANY ($1::text[])
    UNION
    SELECT person_id FROM unnest($1::text[]) AS code
    JOIN people ON history @> jsonb_build_array(jsonb_build_object('unit_code', code))
), members AS (
    SELECT person_id FROM people
    WHERE person_id IN (SELECT person_id FROM touched) AND NOT stale ORDER BY person_id FOR UPDATE
)
UPDATE people SET stale = true FROM members WHERE people.person_id = members.person_id

-- name: mark_resolvable_stale
-- Whose manager or unit has come to be known without their having been told.
WITH resolvable AS (
    SELECT p.person_id
    FROM people AS p JOIN people AS m ON m.employee_number = p.manager_employee_number
    WHERE p.manager_id IS NULL AND p.manager_employee_number IS NOT NULL AND m.status <> 'left' AND NOT p.stale
    UNION
    SELECT p.person_id
    FROM people AS p JOIN units AS u ON u.code = p.unit_code
    WHERE cardinality(p.unit_path) = 1 AND u.path <> p.unit_path AND NOT p.stale
), locked AS (
    SELECT person_id FROM people WHERE person_id IN (SELECT person_id FROM resolvable) ORDER BY person_id FOR UPDATE
)
UPDATE people SET stale = true FROM locked WHERE people.person_id = locked.person_id

-- name: forget_managers
UPDATE people SET manager_employee_number = NULL WHERE manager_employee_number = ANY ($1::text[])

-- name: forget_blocks
-- Take erased people out of everybody's `not_with`; who named them is published anew.
WITH blockers AS (
    SELECT person_id FROM people
    WHERE not_with && $1::uuid[] AND not_with <> '{}' AND person_id <> ALL ($1::uuid[])
    ORDER BY person_id FOR UPDATE
)
UPDATE people SET stale = true, profile = jsonb_set(profile, '{not_with}', to_jsonb(ARRAY(
    SELECT kept FROM unnest(people.not_with) AS kept WHERE kept <> ALL ($1::uuid[])
)))
FROM blockers WHERE people.person_id = blockers.person_id

-- name: delete_people
DELETE FROM people WHERE person_id = ANY ($1::uuid[])

-- name: missing_people
SELECT person_id FROM unnest($1::uuid[]) AS wanted (person_id)
WHERE NOT EXISTS (SELECT FROM people WHERE people.person_id = wanted.person_id)

-- name: get_person
SELECT * FROM people WHERE person_id = $1

-- name: get_card
-- What colleagues may know, in the order of the model.
SELECT person_id, display_name, unit_code, site_code, region, job_title, status, offers FROM people WHERE person_id = $1

-- name: get_profile
SELECT profile, manager_id FROM people WHERE person_id = $1 AND status <> 'left'

-- name: list_cards
SELECT person_id, display_name, unit_code, site_code, region, job_title, status, offers FROM people
WHERE ($1::text IS NULL OR unit_path @> ARRAY[$1])
  AND ($2::text IS NULL OR site_code = $2)
  AND ($3::text IS NULL OR status = $3)
  AND ($4::jsonb IS NULL OR offers @> $4)
  AND ($5::text IS NULL OR employee_number = $5)
  AND ($6::text IS NULL OR (display_name, person_id) > ($6, $7::uuid))
  AND ($9::text IS NULL OR country = $9)
  AND ($10::text IS NULL OR experience @> ARRAY[$10])
  AND ($11::text IS NULL OR region = $11)
ORDER BY display_name, person_id LIMIT $8

-- name: shown_people
-- Everything, for those who may know it; whom somebody keeps away from is for themselves ($2) alone.
SELECT person_id, display_name, unit_code, site_code, region, job_title, status, offers, version, effective_at,
    employee_number, given_name, family_name, email, locale, employment_type, unit_path, manager_id, job_code, job_level, job_function,
    country, time_zone, work_starts, work_ends, work_days, languages, needs, capacity, time_budget_minutes,
    facilitator_ready, opted_in, paused_until, CASE WHEN person_id = $2::uuid THEN not_with END AS not_with,
    formats, modalities, pace, time_of_day, group_size_min, group_size_max, coalesce(experience, '{}') AS experience,
    coalesce((profile ->> 'shares_contributions')::boolean, false) AS shares_contributions, hired_on, leaves_on
FROM people WHERE person_id = ANY ($1::uuid[])
