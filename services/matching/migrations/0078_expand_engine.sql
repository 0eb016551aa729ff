-- Which engine computed a round: another one would come to other bytes.
ALTER TABLE rounds ADD COLUMN engine int NOT NULL DEFAULT 1;

-- People as the engine reads them.
CREATE VIEW profiles AS
SELECT
    person_id, status, unit_code, manager_id, job_level, job_function,
    coalesce(unit_path[least(2, cardinality(unit_path))], unit_code) AS division,
    site_code, time_zone, work_starts, work_ends, work_days, languages,
    offers, needs, capacity, time_budget_minutes, facilitator_ready,
    opted_in, paused_until, not_with, hired_on, formats, modalities,
    pace, group_size_min, group_size_max
FROM people;
