-- name: at_risk
-- Skills of people who leave by a day, held by so few in all, and the first day one of them leaves.
SELECT skill_id, min(leaves_on) AS due_on, min(held.holders)::int AS holders
FROM people AS leaver
CROSS JOIN LATERAL unnest(leaver.offered_skills) AS skill_id
CROSS JOIN LATERAL (
    SELECT count(*) AS holders FROM (
        SELECT FROM people AS holder
        WHERE holder.offered_skills @> ARRAY[skill_id] AND holder.status = 'active' LIMIT $3 + 1
    ) AS counted
) AS held
WHERE leaver.leaves_on BETWEEN $1::date AND $2::date AND leaver.status = 'active' AND held.holders <= $3
GROUP BY skill_id ORDER BY skill_id

-- name: settle
UPDATE knowledge_risks SET settled_at = now() WHERE settled_at IS NULL AND skill_id <> ALL ($1::text[])

-- name: upsert
INSERT INTO knowledge_risks (skill_id, holders, due_on)
SELECT * FROM unnest($1::text[], $2::int[], $3::date[]) ORDER BY 1
ON CONFLICT (skill_id) DO UPDATE SET
    holders = excluded.holders, due_on = excluded.due_on, settled_at = NULL,
    proposal = CASE WHEN knowledge_risks.settled_at IS NULL THEN knowledge_risks.proposal END,
    match_id = CASE WHEN knowledge_risks.settled_at IS NULL THEN knowledge_risks.match_id END,
    created_at = CASE WHEN knowledge_risks.settled_at IS NULL THEN knowledge_risks.created_at ELSE now() END
WHERE (knowledge_risks.holders, knowledge_risks.due_on) IS DISTINCT FROM (excluded.holders, excluded.due_on)
    OR knowledge_risks.settled_at IS NOT NULL

-- name: unanswered
-- Open risks about which nothing is proposed, or nothing that still stands.
SELECT risk.skill_id, risk.holders, risk.due_on
FROM knowledge_risks AS risk LEFT JOIN matches AS match USING (match_id)
WHERE risk.settled_at IS NULL
    AND (risk.proposal IS NULL
        OR risk.proposal = 'shadowing' AND coalesce(match.state NOT IN ('proposed', 'accepted'), true))
ORDER BY risk.due_on, risk.skill_id LIMIT $1

-- name: propose
UPDATE knowledge_risks SET proposal = $2, match_id = $3 WHERE skill_id = $1

-- name: leavers
SELECT person_id FROM people
WHERE offered_skills @> ARRAY[$1::text] AND status = 'active' AND leaves_on BETWEEN $2::date AND $3::date

-- name: wanting
-- Who wants to learn a skill; a sample where there are very many.
SELECT person_id FROM people
WHERE status = 'active' AND opted_in AND needs @> jsonb_build_array(jsonb_build_object('skill_id', $1::text))
ORDER BY md5(person_id::text || $1) LIMIT 500

-- name: list_risks
SELECT risk.*, skill.label,
    ARRAY(
        SELECT holder.person_id FROM people AS holder
        WHERE holder.offered_skills @> ARRAY[risk.skill_id] AND holder.status = 'active'
        ORDER BY holder.leaves_on, holder.person_id LIMIT 10
    ) AS holder_ids
FROM knowledge_risks AS risk LEFT JOIN skills AS skill USING (skill_id)
WHERE risk.settled_at IS NULL AND ($1::date IS NULL OR (risk.due_on, risk.skill_id) > ($1, $2::text))
ORDER BY risk.due_on, risk.skill_id LIMIT $3
