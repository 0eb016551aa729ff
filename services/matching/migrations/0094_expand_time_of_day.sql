-- Which half of their working day people like; null is any.
ALTER TABLE people ADD COLUMN time_of_day text;

CREATE OR REPLACE VIEW profiles AS
SELECT
    person_id, status, unit_code, manager_id, job_level, job_function,
    coalesce(unit_path[least(2, cardinality(unit_path))], unit_code) AS division,
    site_code, time_zone, work_starts, work_ends, work_days, languages,
    offers, needs, capacity, time_budget_minutes, facilitator_ready,
    opted_in, paused_until, not_with, hired_on, formats, modalities,
    pace, group_size_min, group_size_max, experience, ready_since, time_of_day
FROM people;
