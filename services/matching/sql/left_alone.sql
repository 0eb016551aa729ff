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
-- Whom of these a round asked, and so matches or says why not.
SELECT left_alone.person_id FROM left_alone JOIN round_people AS asked USING (person_id)
WHERE left_alone.programme_id = $1 AND asked.round_id = $2 AND asked.asked
