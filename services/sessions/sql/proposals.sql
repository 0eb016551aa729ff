-- Capture sessions that matching proposes.

-- name: note
-- A day of its own proposes anew what was settled for another; what can be shadowed after all is proposed no more.
INSERT INTO capture_proposals AS p (proposal_id, skill_id, holders, due_on, state)
SELECT gen_random_uuid(), new.skill_id, new.holders, new.due_on,
       CASE new.proposal WHEN 'capture' THEN 'proposed' ELSE 'withdrawn' END
FROM unnest($1::text[], $2::int[], $3::date[], $4::text[]) AS new (skill_id, holders, due_on, proposal)
WHERE new.proposal = 'capture' OR EXISTS (SELECT FROM capture_proposals AS o WHERE o.skill_id = new.skill_id)
ORDER BY new.skill_id
ON CONFLICT (skill_id) DO UPDATE SET
    holders = excluded.holders, due_on = excluded.due_on, told_on = current_date,
    state = CASE
        WHEN excluded.state = 'withdrawn' THEN CASE p.state WHEN 'proposed' THEN 'withdrawn' ELSE p.state END
        WHEN p.due_on = excluded.due_on AND p.state <> 'withdrawn' THEN p.state
        ELSE 'proposed' END

-- name: withdraw
UPDATE capture_proposals SET state = 'withdrawn', told_on = current_date WHERE skill_id = ANY ($1::text[]) AND state = 'proposed'

-- name: lock
SELECT proposal_id, skill_id, due_on, state FROM capture_proposals WHERE proposal_id = $1 FOR UPDATE

-- name: settle
UPDATE capture_proposals SET state = $2, capture_id = $3 WHERE proposal_id = $1

-- name: miss
UPDATE capture_proposals SET state = 'missed' WHERE state = 'proposed' AND due_on <= current_date

-- name: next_holder
-- Of those who know it, whoever leaves first.
SELECT person_id FROM people WHERE knows @> ARRAY[$1::text] AND status = 'active'
ORDER BY leaves_on NULLS LAST, person_id LIMIT 1

-- name: running
SELECT capture_id, state FROM captures WHERE holder_id = $1 AND skill_id = $2 AND state IN ('waiting', 'planned')
FOR UPDATE

-- name: list
SELECT proposal_id, skill_id, holders, due_on, state, capture_id, told_on FROM capture_proposals
WHERE ($1::uuid IS NULL OR proposal_id = $1) AND ($2::text IS NULL OR state = $2)
  AND ($3::uuid IS NULL OR proposal_id > $3)
ORDER BY proposal_id LIMIT $4
