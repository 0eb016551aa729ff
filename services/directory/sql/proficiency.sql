-- Evidence of what people can do, and whatever else their proficiency is derived from.

-- name: evidence_of
SELECT person_id, skill_id, source, level, stated_on FROM skill_evidence WHERE person_id = ANY ($1::uuid[])
ORDER BY person_id, skill_id, source, stated_on, level

-- name: targets_of_jobs
SELECT job_code, targets FROM job_profiles WHERE job_code = ANY ($1::text[])

-- name: replaced_skills
SELECT skill_id, replaced_by FROM skills WHERE replaced_by IS NOT NULL

-- name: not_ready
-- Who of these lacks something that is required of facilitators; nobody where nothing is.
SELECT DISTINCT person_id FROM unnest($1::uuid[]) AS asked (person_id), checklist
WHERE checklist.required AND NOT EXISTS (
    SELECT FROM completions
    WHERE completions.person_id = asked.person_id AND completions.code = checklist.code
)

-- name: state_evidence
INSERT INTO skill_evidence (person_id, skill_id, source, stated_by, level, stated_on)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::smallint[], $6::date[])
ON CONFLICT (person_id, skill_id, source, stated_by) DO UPDATE
SET level = excluded.level, stated_on = excluded.stated_on
WHERE skill_evidence.stated_on <= excluded.stated_on

-- name: withdraw_evidence
DELETE FROM skill_evidence WHERE person_id = $1 AND skill_id = $2 AND stated_by = $3

-- name: endorsements_since
SELECT count(*) AS all, count(*) FILTER (WHERE person_id = $2) AS of_this_one,
       coalesce(bool_or(person_id = $2 AND skill_id = $3), false) AS repeated
FROM skill_evidence WHERE stated_by = $1 AND source = 'peer' AND stated_on >= $4

-- name: have_met
SELECT EXISTS (
    SELECT FROM attendances AS mine JOIN attendances AS theirs USING (session_id)
    WHERE mine.person_id = $1 AND theirs.person_id = $2 AND mine.attended AND theirs.attended
      AND mine.held_on >= $3
)

-- name: list_evidence
SELECT skill_id, source, level, stated_on, stated_by FROM skill_evidence
WHERE person_id = $1 ORDER BY skill_id, stated_on DESC, source, stated_by

-- name: mark_endorsed_stale
-- Who will lose what these people said of them.
WITH endorsed AS (
    SELECT person_id FROM people
    WHERE person_id IN (SELECT person_id FROM skill_evidence WHERE stated_by = ANY ($1::uuid[]))
      AND person_id <> ALL ($1::uuid[])
    ORDER BY person_id FOR UPDATE
)
UPDATE people SET stale = true FROM endorsed WHERE people.person_id = endorsed.person_id

-- name: mark_job_stale
WITH holders AS (
    SELECT person_id FROM people WHERE job_code = $1 AND NOT stale ORDER BY person_id FOR UPDATE
)
UPDATE people SET stale = true FROM holders WHERE people.person_id = holders.person_id

-- name: mark_skill_stale
WITH holders AS (
    SELECT person_id FROM people
    WHERE NOT stale AND (proficiencies @> $1::jsonb OR offers @> $1::jsonb OR needs @> $1::jsonb)
    ORDER BY person_id FOR UPDATE
)
UPDATE people SET stale = true FROM holders WHERE people.person_id = holders.person_id

-- name: mark_facilitators_stale
-- All but those who say that they would not: what is required of them has changed.
WITH facilitators AS (
    SELECT person_id FROM people
    WHERE NOT stale AND (facilitator_ready OR coalesce((profile ->> 'facilitator_ready')::boolean, true))
    ORDER BY person_id FOR UPDATE
)
UPDATE people SET stale = true FROM facilitators WHERE people.person_id = facilitators.person_id

-- name: mark_people_stale
WITH chosen AS (
    SELECT person_id FROM people WHERE person_id = ANY ($1::uuid[]) AND NOT stale ORDER BY person_id FOR UPDATE
)
UPDATE people SET stale = true FROM chosen WHERE people.person_id = chosen.person_id
