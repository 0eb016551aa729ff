-- What sessions knows of people, contacts and skills; stale versions and erased people are left alone.

-- name: project_people
-- The same version said again fills in what an older release had no column for, and changes nothing else.
INSERT INTO people AS p (
    person_id, version, status, division, time_zone, work_starts, work_ends, work_days, hired_on, paused_until, leaves_on,
    manager_id, unit_path, site_code, job_code, job_function, skills, facilitator_ready, facilitator_since,
    time_budget_minutes, knows, needs, time_of_day, region
)
SELECT new.person_id, new.version, new.status, new.division, new.time_zone, new.work_starts, new.work_ends,
       (SELECT array_agg(day::int) FROM unnest(string_to_array(new.work_days, ',')) AS day),
       new.hired_on, new.paused_until, new.leaves_on, new.manager_id,
       string_to_array(new.unit_path, chr(31)), new.site_code, new.job_code, new.job_function,
       string_to_array(new.skills, chr(31)), new.facilitator_ready,
       new.facilitator_since, new.time_budget_minutes,
       string_to_array(new.knows, chr(31)), new.needs::jsonb, new.time_of_day, new.region
FROM unnest(
    $1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::text[],
    $9::date[], $10::date[], $11::date[], $12::uuid[], $13::text[], $14::text[], $15::text[], $16::text[],
    $17::text[], $18::boolean[], $19::int[], $20::text[], $21::text[], $22::date[], $23::text[], $24::text[]
) AS new (
    person_id, version, status, division, time_zone, work_starts, work_ends, work_days, hired_on, paused_until,
    leaves_on, manager_id, unit_path, site_code, job_code, job_function, skills, facilitator_ready, time_budget_minutes,
    knows, needs, facilitator_since, time_of_day, region
)
WHERE NOT EXISTS (SELECT FROM erased_people AS e WHERE e.person_id = new.person_id)
ORDER BY new.person_id
ON CONFLICT (person_id) DO UPDATE SET
    version = excluded.version, status = excluded.status, division = excluded.division,
    time_zone = excluded.time_zone, work_starts = excluded.work_starts, work_ends = excluded.work_ends,
    work_days = excluded.work_days, hired_on = excluded.hired_on, paused_until = excluded.paused_until,
    leaves_on = excluded.leaves_on, manager_id = excluded.manager_id, unit_path = excluded.unit_path,
    site_code = excluded.site_code, job_code = excluded.job_code, job_function = excluded.job_function,
    skills = excluded.skills, facilitator_ready = excluded.facilitator_ready,
    facilitator_since = excluded.facilitator_since,
    time_budget_minutes = excluded.time_budget_minutes, knows = excluded.knows,
    needs = excluded.needs, time_of_day = excluded.time_of_day, region = excluded.region
WHERE p.version < excluded.version OR (
    p.version = excluded.version
    AND (p.knows, p.needs, p.facilitator_since, p.time_of_day, p.region) IS DISTINCT FROM
        (excluded.knows, excluded.needs, excluded.facilitator_since, excluded.time_of_day, excluded.region)
)
RETURNING person_id, status

-- name: project_contacts
INSERT INTO contacts AS c (person_id, version, display_name, email, locale)
SELECT new.* FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[])
    AS new (person_id, version, display_name, email, locale)
WHERE NOT EXISTS (SELECT FROM erased_people AS e WHERE e.person_id = new.person_id)
ORDER BY new.person_id
ON CONFLICT (person_id) DO UPDATE SET
    version = excluded.version, display_name = excluded.display_name, email = excluded.email, locale = excluded.locale
WHERE c.version < excluded.version

-- name: project_skills
INSERT INTO skills AS s (skill_id, version, label)
SELECT new.* FROM unnest($1::text[], $2::int[], $3::text[]) AS new (skill_id, version, label)
ORDER BY new.skill_id
ON CONFLICT (skill_id) DO UPDATE SET version = excluded.version, label = excluded.label
WHERE s.version < excluded.version

-- name: lock_people
-- Whoever plans for these people waits for whoever plans for them now.
SELECT p.person_id, p.status, p.time_zone, p.work_starts, p.work_ends, p.work_days, p.hired_on, p.paused_until,
       p.leaves_on, p.time_budget_minutes, p.job_function, p.time_of_day, a.weekly_minutes
FROM people AS p LEFT JOIN availability AS a USING (person_id)
WHERE p.person_id = ANY ($1::uuid[]) ORDER BY p.person_id FOR NO KEY UPDATE OF p

-- name: get_workers
SELECT p.person_id, p.status, p.time_zone, p.work_starts, p.work_ends, p.work_days, p.hired_on, p.paused_until,
       p.leaves_on, p.time_budget_minutes, p.job_function, p.time_of_day, a.weekly_minutes
FROM people AS p LEFT JOIN availability AS a USING (person_id)
WHERE p.person_id = ANY ($1::uuid[]) ORDER BY p.person_id

-- name: get_hours
SELECT person_id, version, time_zone, work_starts, work_ends, work_days, manager_id, time_budget_minutes
FROM people WHERE person_id = ANY ($1::uuid[])

-- name: managers_among
SELECT manager_id FROM unnest($1::uuid[]) AS new (manager_id)
WHERE EXISTS (SELECT FROM people AS p WHERE p.manager_id = new.manager_id)
ORDER BY manager_id

-- name: lock_division
SELECT division FROM people WHERE person_id = $1 FOR NO KEY UPDATE

-- name: busy
-- By sessions, with what is prepared for them, and by what they have said themselves (null).
SELECT p.person_id, s.starts_at, s.ends_at, p.preparation
FROM participants AS p JOIN sessions AS s USING (session_id)
WHERE p.person_id = ANY ($1::uuid[]) AND s.state <> 'cancelled'
  AND p.state NOT IN ('cancelled_early', 'cancelled_late')
  AND s.ends_at > $2 AND s.starts_at < $3 AND NOT s.session_id = ANY ($4::uuid[])
UNION ALL
SELECT b.person_id, b.starts_at, b.ends_at, NULL
FROM busy_times AS b
WHERE b.person_id = ANY ($1) AND b.ends_at > $2 AND b.starts_at < $3

-- name: erased_among
SELECT person_id FROM erased_people WHERE person_id = ANY ($1::uuid[])
