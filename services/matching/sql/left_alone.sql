-- name: keep
-- Said once: the same again is no news.
INSERT INTO left_alone (person_id, programme_id, left_id, reason, remaining, opens, change)
SELECT person_id, $1, left_id, reason, remaining, opens, change
FROM jsonb_to_recordset($2::jsonb) AS given (
    person_id uuid, left_id uuid, reason text, remaining jsonb, opens jsonb, change jsonb
)
ON CONFLICT (person_id, programme_id) DO UPDATE SET left_id = excluded.left_id, reason = excluded.reason,
    remaining = excluded.remaining, opens = excluded.opens, change = excluded.change, created_at = excluded.created_at
WHERE (left_alone.reason, left_alone.remaining, left_alone.opens, left_alone.change)
    IS DISTINCT FROM (excluded.reason, excluded.remaining, excluded.opens, excluded.change)

-- name: forget
-- These people have somebody in a programme: who has a buddy lacks one in no other.
DELETE FROM left_alone USING programmes AS found, programmes AS lacking
WHERE left_alone.person_id = ANY ($2::uuid[]) AND found.programme_id = $1
    AND lacking.programme_id = left_alone.programme_id
    AND (lacking.programme_id = $1 OR lacking.format = 'onboarding_buddy' AND found.format = 'onboarding_buddy')

-- name: asked
-- Whom of these a round asked, and so matches or says why not; but not who has lost by now what it proposed.
SELECT left_alone.person_id FROM left_alone JOIN round_people AS asked USING (person_id)
WHERE left_alone.programme_id = $1 AND asked.round_id = $2 AND asked.asked
    AND NOT EXISTS (
        SELECT FROM match_members AS member JOIN matches AS match USING (match_id)
        WHERE member.person_id = left_alone.person_id AND member.role = 'learner'
            AND match.round_id = $2 AND match.state IN ('declined', 'expired', 'withdrawn')
    )

-- name: forget_closed
-- Of programmes that are closed nothing comes next.
DELETE FROM left_alone USING programmes AS programme
WHERE programme.programme_id = left_alone.programme_id AND programme.status = 'closed'
