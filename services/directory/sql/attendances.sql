-- Who was in which session: the ground for endorsements and for contribution profiles.

-- name: record_attendances
-- The newest state of each; of people who are not here nothing is kept.
INSERT INTO attendances (session_id, person_id, version, held_on, attended, role, minutes, contributions, skill_id)
SELECT told.* FROM unnest(
    $1::uuid[], $2::uuid[], $3::int[], $4::date[], $5::boolean[], $6::text[], $7::int[], $8::int[], $9::text[]
) AS told (session_id, person_id, version, held_on, attended, role, minutes, contributions, skill_id)
JOIN people USING (person_id)
ORDER BY told.person_id, told.session_id
ON CONFLICT (session_id, person_id) DO UPDATE SET
    version = excluded.version,
    held_on = excluded.held_on,
    attended = excluded.attended,
    role = excluded.role,
    minutes = excluded.minutes,
    contributions = excluded.contributions,
    skill_id = excluded.skill_id
WHERE attendances.version < excluded.version

-- name: contributions_of
SELECT count(*) AS sessions,
       count(*) FILTER (WHERE role IN ('facilitator', 'host')) AS facilitated,
       count(*) FILTER (WHERE role IN ('presenter', 'contributor', 'mentor', 'buddy', 'reviewer')) AS taught,
       coalesce(sum(minutes), 0)::int AS minutes,
       coalesce(sum(contributions), 0)::int AS contributions,
       min(held_on) AS since
FROM attendances WHERE person_id = $1 AND attended

-- name: endorsed_skills
-- What peers they have met say this person knows, the most endorsed first.
WITH said AS (
    SELECT coalesce(skills.replaced_by, evidence.skill_id) AS skill_id, count(DISTINCT stated_by) AS endorsements,
           round(avg(level))::int AS level
    FROM skill_evidence AS evidence LEFT JOIN skills USING (skill_id)
    WHERE person_id = $1 AND source = 'peer'
    GROUP BY 1
)
SELECT said.skill_id, endorsements, level, coalesce(skills.label, said.skill_id) AS label
FROM said LEFT JOIN skills USING (skill_id)
ORDER BY endorsements DESC, said.skill_id LIMIT $2

-- name: completed_trainings
SELECT coalesce(title, code) AS title FROM completions LEFT JOIN checklist USING (code)
WHERE person_id = $1 AND kind IS DISTINCT FROM 'self'
ORDER BY code
