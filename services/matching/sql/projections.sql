-- name: upsert_people
INSERT INTO people (
    person_id, version, status, unit_code, unit_path, manager_id, job_level, job_function, site_code, time_zone,
    work_starts, work_ends, work_days, languages, offers, needs, offered_skills, capacity, time_budget_minutes,
    facilitator_ready, opted_in, paused_until, not_with, hired_on, job_code, formats, modalities,
    pace, group_size_min, group_size_max, leaves_on, experience, ready_since,
    time_of_day, region
)
SELECT
    person_id, version, status, unit_code, unit_path, manager_id, job_level, job_function, site_code, time_zone,
    work_starts, work_ends, work_days, languages, offers, needs,
    ARRAY(SELECT DISTINCT offer ->> 'skill_id' FROM jsonb_array_elements(offers) AS offer), capacity,
    time_budget_minutes, facilitator_ready, opted_in, paused_until, not_with, hired_on, job_code,
    formats, modalities, pace, group_size_min, group_size_max, leaves_on, experience,
    facilitator_since, time_of_day, region
FROM jsonb_to_recordset($1::jsonb) AS given (
    person_id uuid, version int, status text, unit_code text, unit_path text[], manager_id uuid, job_level int,
    job_function text, site_code text, time_zone text, work_starts int, work_ends int, work_days int[],
    languages text[], offers jsonb, needs jsonb, capacity int, time_budget_minutes int, facilitator_ready boolean,
    opted_in boolean, paused_until date, not_with uuid[], hired_on date, job_code text, formats text[],
    modalities text[], pace text, group_size_min int, group_size_max int, leaves_on date,
    experience text[], facilitator_since date, time_of_day text, region text
)
WHERE NOT EXISTS (SELECT FROM erased_people WHERE erased_people.person_id = given.person_id)
ORDER BY person_id
ON CONFLICT (person_id) DO UPDATE SET
    version = excluded.version, status = excluded.status, unit_code = excluded.unit_code,
    unit_path = excluded.unit_path, manager_id = excluded.manager_id, job_level = excluded.job_level,
    job_function = excluded.job_function, site_code = excluded.site_code, time_zone = excluded.time_zone,
    work_starts = excluded.work_starts, work_ends = excluded.work_ends, work_days = excluded.work_days,
    languages = excluded.languages, offers = excluded.offers, needs = excluded.needs,
    offered_skills = excluded.offered_skills, capacity = excluded.capacity,
    time_budget_minutes = excluded.time_budget_minutes, facilitator_ready = excluded.facilitator_ready,
    opted_in = excluded.opted_in, paused_until = excluded.paused_until, not_with = excluded.not_with,
    hired_on = excluded.hired_on, job_code = excluded.job_code, formats = excluded.formats,
    modalities = excluded.modalities, pace = excluded.pace, group_size_min = excluded.group_size_min,
    group_size_max = excluded.group_size_max, leaves_on = excluded.leaves_on, experience = excluded.experience,
    ready_since = excluded.ready_since, time_of_day = excluded.time_of_day,
    region = excluded.region
WHERE people.version < excluded.version
    -- A version known before these columns were: the directory's republishing fills them.
    OR people.version = excluded.version
        AND (people.leaves_on, people.experience, people.ready_since, people.time_of_day, people.region) IS DISTINCT FROM
            (excluded.leaves_on, excluded.experience, excluded.ready_since, excluded.time_of_day, excluded.region)
RETURNING person_id

-- name: managers
SELECT person_id, manager_id FROM people WHERE person_id = ANY ($1::uuid[])

-- name: upsert_skills
INSERT INTO skills (skill_id, version, label)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[]) ORDER BY 1
ON CONFLICT (skill_id) DO UPDATE SET version = excluded.version, label = excluded.label
WHERE skills.version < excluded.version

-- name: upsert_programmes
INSERT INTO programmes (
    programme_id, version, status, format, modality, audience_units, skills, group_size_min, group_size_max,
    cadence_days, session_minutes, audience_sites, audience_jobs, audience_skills, tenure_min_months, tenure_max_months,
    preparation_minutes, audience_regions
)
SELECT
    programme_id, version, status, format, modality, audience_units, skills, group_size_min, group_size_max,
    cadence_days, session_minutes, audience_sites, audience_jobs, audience_skills, tenure_min_months, tenure_max_months,
    preparation_minutes, audience_regions
FROM jsonb_to_recordset($1::jsonb) AS given (
    programme_id uuid, version int, status text, format text, modality text, audience_units text[], skills text[],
    group_size_min int, group_size_max int, cadence_days int, session_minutes int,
    audience_sites text[], audience_jobs text[], audience_skills text[], tenure_min_months int, tenure_max_months int,
    preparation_minutes int, audience_regions text[]
)
ORDER BY programme_id
ON CONFLICT (programme_id) DO UPDATE SET
    version = excluded.version, status = excluded.status, format = excluded.format, modality = excluded.modality,
    audience_units = excluded.audience_units, skills = excluded.skills, group_size_min = excluded.group_size_min,
    group_size_max = excluded.group_size_max, cadence_days = excluded.cadence_days,
    session_minutes = excluded.session_minutes, audience_sites = excluded.audience_sites,
    audience_jobs = excluded.audience_jobs, audience_skills = excluded.audience_skills,
    tenure_min_months = excluded.tenure_min_months, tenure_max_months = excluded.tenure_max_months,
    preparation_minutes = excluded.preparation_minutes, audience_regions = excluded.audience_regions
WHERE programmes.version < excluded.version

-- name: audiences
SELECT programme_id, audience_units, audience_sites, audience_regions, audience_jobs, audience_skills,
       tenure_min_months, tenure_max_months
FROM programmes WHERE programme_id = ANY ($1::uuid[])

-- name: start_rules
INSERT INTO rules (programme_id, version, rules, one_site)
SELECT programme_id, 1, rules, true FROM jsonb_to_recordset($1::jsonb) AS given (programme_id uuid, rules jsonb)
ORDER BY programme_id
ON CONFLICT DO NOTHING

-- name: remember_erasures
INSERT INTO erased_people (person_id, rows)
SELECT person_id, 0 FROM unnest($1::uuid[]) AS person_id ORDER BY person_id
ON CONFLICT DO NOTHING

-- name: forget_people
-- Everything that names them, and how many rows that was for each.
WITH person AS (
    DELETE FROM people WHERE person_id = ANY ($1::uuid[]) RETURNING person_id
), member AS (
    DELETE FROM match_members WHERE person_id = ANY ($1::uuid[]) RETURNING person_id
), left_out AS (
    DELETE FROM unmatched WHERE person_id = ANY ($1::uuid[]) RETURNING person_id
), alone AS (
    DELETE FROM left_alone WHERE person_id = ANY ($1::uuid[]) RETURNING person_id
), seen AS (
    DELETE FROM round_people WHERE person_id = ANY ($1::uuid[]) RETURNING person_id
), own_request AS (
    SELECT request_id FROM help_requests WHERE requester_id = ANY ($1::uuid[])
), ask AS (
    DELETE FROM help_asks
    WHERE person_id = ANY ($1::uuid[]) OR request_id IN (SELECT request_id FROM own_request)
    RETURNING person_id
), request AS (
    DELETE FROM help_requests WHERE requester_id = ANY ($1::uuid[]) RETURNING requester_id
), helper AS (
    UPDATE help_requests SET helper_id = NULL
    WHERE helper_id = ANY ($1::uuid[]) AND requester_id <> ALL ($1::uuid[])
), introduction AS (
    DELETE FROM introductions WHERE newcomer_id = ANY ($1::uuid[]) OR person_id = ANY ($1::uuid[])
    RETURNING newcomer_id
), wish AS (
    UPDATE people SET not_with = ARRAY(SELECT other FROM unnest(not_with) AS other WHERE other <> ALL ($1::uuid[]))
    WHERE not_with && $1::uuid[] AND not_with <> '{}' AND person_id <> ALL ($1::uuid[])
), asked AS (
    -- Whoever reads a round at this moment forgets whom it asked when it is read.
    UPDATE rounds SET asks = jsonb_set(asks, '{people}', (asks -> 'people') - $1::uuid[]::text[])
    FROM (
        SELECT round_id FROM rounds WHERE asks IS NOT NULL AND asks ->> 'people' IS NOT NULL
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS waiting
    WHERE rounds.round_id = waiting.round_id
), counted AS (
    SELECT person_id, count(*) AS rows
    FROM (SELECT * FROM person UNION ALL SELECT * FROM member UNION ALL SELECT * FROM left_out UNION ALL SELECT * FROM alone
        UNION ALL SELECT * FROM seen
        UNION ALL SELECT * FROM ask UNION ALL SELECT * FROM request
        UNION ALL SELECT * FROM introduction) AS every_row
    GROUP BY person_id
)
UPDATE erased_people SET rows = erased_people.rows + counted.rows
FROM counted WHERE erased_people.person_id = counted.person_id

-- name: erased_rows
SELECT person_id, rows FROM erased_people WHERE person_id = ANY ($1::uuid[])
