-- Who shows that they teach what, and who is invited to.

-- name: invite
-- Whom so many peers endorse for a skill since $1: $3 of them, or $2 where they have taught in $4 sessions. Whoever has
-- answered before is left in peace. A merged skill counts as the one in its place.
WITH endorsed AS (
    SELECT evidence.person_id, coalesce(skills.replaced_by, evidence.skill_id) AS skill_id,
           count(DISTINCT evidence.stated_by) AS peers
    FROM skill_evidence AS evidence LEFT JOIN skills USING (skill_id)
    WHERE evidence.source = 'peer' AND evidence.stated_on >= $1
    GROUP BY 1, 2 HAVING count(DISTINCT evidence.stated_by) >= $2
)
INSERT INTO showcase (person_id, skill_id, state)
SELECT endorsed.person_id, endorsed.skill_id, 'invited'
FROM endorsed JOIN people USING (person_id)
WHERE people.status = 'active' AND (endorsed.peers >= $3 OR (
    SELECT count(*) FROM attendances AS held
    WHERE held.person_id = endorsed.person_id AND held.attended AND held.held_on >= $1
      AND held.role IN ('facilitator', 'host', 'presenter', 'mentor', 'buddy')
) >= $4)
ORDER BY endorsed.person_id, endorsed.skill_id
ON CONFLICT DO NOTHING

-- name: own
-- One's own, with what others have said and seen since $2.
SELECT own.skill_id, coalesce(skills.label, own.skill_id) AS label, own.state, own.since,
       (SELECT count(DISTINCT evidence.stated_by) FROM skill_evidence AS evidence LEFT JOIN skills AS old USING (skill_id)
        WHERE evidence.person_id = own.person_id AND evidence.source = 'peer' AND evidence.stated_on >= $2
          AND coalesce(old.replaced_by, evidence.skill_id) = own.skill_id)::int AS endorsed,
       (SELECT count(*) FROM attendances AS held
        WHERE held.person_id = own.person_id AND held.attended AND held.held_on >= $2
          AND held.role IN ('facilitator', 'host', 'presenter', 'mentor', 'buddy'))::int AS taught
FROM showcase AS own LEFT JOIN skills USING (skill_id)
WHERE own.person_id = $1 AND ($3::text IS NULL OR own.skill_id > $3)
ORDER BY own.skill_id LIMIT $4

-- name: may_show
-- What they offer, and what they were invited for.
SELECT EXISTS (SELECT FROM showcase WHERE person_id = $1 AND skill_id = $2)
    OR EXISTS (SELECT FROM people WHERE person_id = $1 AND offers @> $3::jsonb)

-- name: set_state
INSERT INTO showcase (person_id, skill_id, state) VALUES ($1, $2, $3)
ON CONFLICT (person_id, skill_id) DO UPDATE SET state = excluded.state, since = current_date
WHERE showcase.state <> excluded.state

-- name: list_shown
SELECT shown.person_id, shown.since FROM showcase AS shown JOIN people USING (person_id)
WHERE shown.skill_id = $1 AND shown.state = 'shown' AND people.status = 'active'
  AND ($2::uuid IS NULL OR shown.person_id > $2)
ORDER BY shown.person_id LIMIT $3
