-- What jobs ask for.

-- name: lock_job
SELECT job_code, version, title, targets FROM job_profiles WHERE job_code = $1 FOR UPDATE

-- name: save_job
-- Two that create one at once: the second waits, and then counts on.
INSERT INTO job_profiles (job_code, version, title, targets) VALUES ($1, 1, $2, $3)
ON CONFLICT (job_code) DO UPDATE
SET version = job_profiles.version + 1, title = excluded.title, targets = excluded.targets, updated_at = now()
RETURNING job_code, version, title, targets

-- name: delete_job
DELETE FROM job_profiles WHERE job_code = $1

-- name: get_job
SELECT job_code, version, title, targets FROM job_profiles WHERE job_code = $1

-- name: list_jobs
SELECT job_code, version, title, targets FROM job_profiles
WHERE $1::text IS NULL OR job_code > $1
ORDER BY job_code LIMIT $2
