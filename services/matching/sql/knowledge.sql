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
RETURNING skill_id

-- name: upsert
INSERT INTO knowledge_risks (skill_id, holders, due_on)
SELECT * FROM unnest($1::text[], $2::int[], $3::date[]) ORDER BY 1
ON CONFLICT (skill_id) DO UPDATE SET
    holders = excluded.holders, due_on = excluded.due_on, settled_at = NULL, looked_at = NULL,
    proposal = CASE WHEN knowledge_risks.settled_at IS NULL THEN knowledge_risks.proposal END,
    match_id = CASE WHEN knowledge_risks.settled_at IS NULL THEN knowledge_risks.match_id END,
    created_at = CASE WHEN knowledge_risks.settled_at IS NULL THEN knowledge_risks.created_at ELSE now() END
WHERE (knowledge_risks.holders, knowledge_risks.due_on) IS DISTINCT FROM (excluded.holders, excluded.due_on)
    OR knowledge_risks.settled_at IS NOT NULL

-- name: to_look_at
-- Open risks that are new or have changed, whose shadowing does not stand any more, or that were to be captured a day
-- ago: somebody may want to learn it by now. `standing` is the shadowing that stands.
SELECT risk.skill_id, risk.holders, risk.due_on, risk.told, match.match_id AS standing
FROM knowledge_risks AS risk
LEFT JOIN matches AS match ON match.match_id = risk.match_id AND match.state IN ('proposed', 'accepted')
WHERE risk.settled_at IS NULL
    AND (risk.looked_at IS NULL OR risk.proposal = 'shadowing' AND match.match_id IS NULL
        OR risk.proposal = 'capture' AND risk.looked_at < now() - interval '1 day')
ORDER BY risk.looked_at IS NOT NULL, risk.due_on, risk.skill_id LIMIT $1

-- name: propose
UPDATE knowledge_risks SET proposal = $2, match_id = $3, told = $4, looked_at = now() WHERE skill_id = $1

-- name: hurry
-- A shadowing is answered before whoever leaves has left, or within a day.
UPDATE matches SET expires_at = greatest($2::timestamptz, now() + interval '1 day'), version = version + 1
WHERE match_id = $1 AND state = 'proposed' AND expires_at > greatest($2::timestamptz, now() + interval '1 day')
RETURNING match_id

-- name: leavers
-- Who leaves and knows it, but for those who have said no to being shadowed for it since it is at risk.
SELECT person_id FROM people AS person
WHERE offered_skills @> ARRAY[$1::text] AND status = 'active' AND leaves_on BETWEEN $2::date AND $3::date
    AND NOT EXISTS (
        SELECT FROM match_members AS member JOIN matches AS match USING (match_id)
        WHERE member.person_id = person.person_id AND member.role = 'teacher' AND member.answer = 'declined'
            AND match.skill_id = $1
            AND match.changed_at > (SELECT risk.created_at FROM knowledge_risks AS risk WHERE risk.skill_id = $1)
    )

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
