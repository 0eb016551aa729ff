-- Who knows about something.

-- name: list_experts
-- Who offers one of these skills, or shares what they contribute and is endorsed for one, by level and what is left of
-- the trust in it. Trust halves every $3 days. $7: only those who have taught it in a session.
WITH wanted AS (
    SELECT unnest($1::text[]) AS skill_id
), known AS (
    SELECT people.person_id, known.skill_id, known.level, known.as_of,
           round(known.trust * power(0.5, greatest(0, $2::date - known.as_of) / $3::float8))::int AS trust
    FROM people
    CROSS JOIN jsonb_to_recordset(people.proficiencies) AS known (skill_id text, level int, trust int, as_of date)
    WHERE people.proficiencies @> ANY (
              ARRAY(SELECT jsonb_build_array(jsonb_build_object('skill_id', skill_id)) FROM wanted)
          )
      AND known.skill_id IN (SELECT skill_id FROM wanted)
      AND known.level > 0 AND known.as_of IS NOT NULL
      AND people.status = 'active' AND people.opted_in
      AND (
          people.offers @> jsonb_build_array(jsonb_build_object('skill_id', known.skill_id))
          OR (people.profile ->> 'shares_contributions')::boolean AND EXISTS (
              SELECT FROM skill_evidence AS said LEFT JOIN skills ON skills.skill_id = said.skill_id
              WHERE said.person_id = people.person_id AND said.source = 'peer'
                AND coalesce(skills.replaced_by, said.skill_id) = known.skill_id
          )
      )
), done AS (
    SELECT part.person_id, coalesce(skills.replaced_by, part.skill_id) AS skill_id,
           count(*) FILTER (WHERE part.role IN ('presenter', 'mentor', 'host') OR part.contributions > 0) AS taught
    FROM attendances AS part LEFT JOIN skills USING (skill_id)
    WHERE part.attended AND part.skill_id IS NOT NULL AND part.person_id IN (SELECT person_id FROM known)
    GROUP BY 1, 2
), best AS (
    SELECT person_id, max(level * trust) AS score FROM known LEFT JOIN done USING (person_id, skill_id)
    WHERE NOT $7::boolean OR taught > 0
    GROUP BY person_id
), shown AS (
    SELECT * FROM best
    WHERE $4::int IS NULL OR score < $4 OR (score = $4 AND person_id > $5::uuid)
    ORDER BY score DESC, person_id LIMIT $6
)
SELECT shown.person_id, shown.score, display_name, unit_code, site_code, region, job_title, status,
       paused_until > $2 AS paused,
       (
           SELECT jsonb_agg(jsonb_build_object(
               'skill_id', known.skill_id, 'label', coalesce(skills.label, known.skill_id), 'level', known.level,
               'trust', known.trust, 'as_of', known.as_of,
               'endorsements', (
                   SELECT count(*) FROM skill_evidence AS said
                   WHERE said.person_id = shown.person_id AND said.skill_id = known.skill_id AND said.source = 'peer'
               ),
               'taught', coalesce(done.taught, 0)
           ) ORDER BY known.level * known.trust DESC, known.skill_id)
           FROM known LEFT JOIN skills ON skills.skill_id = known.skill_id
           LEFT JOIN done ON done.person_id = known.person_id AND done.skill_id = known.skill_id
           WHERE known.person_id = shown.person_id
       ) AS skills
FROM shown JOIN people USING (person_id)
ORDER BY shown.score DESC, shown.person_id
