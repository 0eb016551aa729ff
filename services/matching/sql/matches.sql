-- name: insert_matches
INSERT INTO matches (match_id, kind, state, programme_id, round_id, skill_id, score, reasons, expires_at)
SELECT match_id, kind, state, programme_id, round_id, skill_id, score, reasons, expires_at
FROM jsonb_to_recordset($1::jsonb) AS given (
    match_id uuid, kind text, state text, programme_id uuid, round_id uuid, skill_id text, score int, reasons jsonb,
    expires_at timestamptz
)

-- name: insert_members
INSERT INTO match_members (match_id, person_id, role, answer)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])

-- name: lock_match
SELECT * FROM matches WHERE match_id = $1 FOR UPDATE

-- name: lock_matches
SELECT * FROM matches WHERE match_id = ANY ($1::uuid[]) ORDER BY match_id FOR UPDATE

-- name: lock_expired
SELECT * FROM matches WHERE state = 'proposed' AND expires_at <= now()
ORDER BY match_id LIMIT $1 FOR UPDATE SKIP LOCKED

-- name: members_of
SELECT match_id, person_id, role, answer FROM match_members
WHERE match_id = ANY ($1::uuid[]) ORDER BY match_id, role, person_id

-- name: answer
UPDATE match_members SET answer = $3, reason_code = $4 WHERE match_id = $1 AND person_id = $2

-- name: change_states
UPDATE matches SET state = change.state, version = matches.version + 1
FROM unnest($1::uuid[], $2::text[]) AS change (match_id, state)
WHERE matches.match_id = change.match_id

-- name: remove_members
DELETE FROM match_members AS member
USING unnest($1::uuid[], $2::uuid[]) AS gone (match_id, person_id)
WHERE member.match_id = gone.match_id AND member.person_id = gone.person_id

-- name: add_facilitators
INSERT INTO match_members (match_id, person_id, role, answer)
SELECT match_id, person_id, 'facilitator', 'none' FROM unnest($1::uuid[], $2::uuid[]) AS given (match_id, person_id)

-- name: open_matches_of
-- Open matches in which any of these people is.
SELECT DISTINCT match.match_id
FROM match_members AS member JOIN matches AS match USING (match_id)
WHERE member.person_id = ANY ($1::uuid[]) AND match.state IN ('proposed', 'accepted', 'formed')

-- name: gone
-- Which of these people may not be in a match any more.
SELECT person_id FROM people
WHERE person_id = ANY ($1::uuid[])
    AND (status NOT IN ('active', 'prehire') OR NOT opted_in OR paused_until > $2::date)

-- name: has_circles
SELECT EXISTS (SELECT FROM matches WHERE state = 'formed')

-- name: no_longer_neutral
-- Circles below a changed reporting line whose facilitator now stands above a member.
WITH RECURSIVE below AS (
    SELECT person_id FROM unnest($1::uuid[]) AS person_id
    UNION
    SELECT report.person_id FROM below JOIN people AS report ON report.manager_id = below.person_id
), circle AS (
    SELECT DISTINCT match_id
    FROM below JOIN match_members USING (person_id) JOIN matches USING (match_id)
    WHERE state = 'formed'
), chain AS (
    SELECT member.match_id, person.manager_id
    FROM circle JOIN match_members AS member USING (match_id) JOIN people AS person USING (person_id)
    WHERE member.role = 'participant' AND person.manager_id IS NOT NULL
    UNION
    SELECT chain.match_id, person.manager_id
    FROM chain JOIN people AS person ON person.person_id = chain.manager_id
    WHERE person.manager_id IS NOT NULL
)
SELECT DISTINCT chain.match_id
FROM chain JOIN match_members AS facilitator
    ON facilitator.match_id = chain.match_id AND facilitator.person_id = chain.manager_id
WHERE facilitator.role = 'facilitator'

-- name: get_match
SELECT * FROM matches WHERE match_id = $1

-- name: list_matches
-- $1 narrows to one person's own, $2 to one person's; newest first.
SELECT match.* FROM matches AS match
WHERE ($1::uuid IS NULL OR match.state <> 'preview' AND EXISTS (
        SELECT FROM match_members AS own WHERE own.match_id = match.match_id AND own.person_id = $1))
    AND ($2::uuid IS NULL OR EXISTS (
        SELECT FROM match_members AS asked WHERE asked.match_id = match.match_id AND asked.person_id = $2))
    AND ($3::uuid IS NULL OR match.round_id = $3)
    AND ($4::uuid IS NULL OR match.programme_id = $4)
    AND ($5::text IS NULL OR match.state = $5)
    AND ($6::text IS NULL OR match.kind = $6)
    AND ($7::uuid IS NULL OR match.match_id < $7)
ORDER BY match.match_id DESC LIMIT $8

-- name: labels
SELECT skill_id, label FROM skills WHERE skill_id = ANY ($1::text[])

-- name: preview_of
SELECT * FROM matches WHERE round_id = $1 AND state = 'preview' ORDER BY match_id

-- name: forget_previews
WITH member AS (DELETE FROM match_members WHERE match_id = ANY ($1::uuid[]))
DELETE FROM matches WHERE match_id = ANY ($1::uuid[])

-- name: publish_previews
-- They begin now: as old, and as new to everybody, as if the round had run at this moment.
UPDATE matches SET state = change.state, expires_at = change.expires_at, created_at = now()
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS change (match_id, state, expires_at)
WHERE matches.match_id = change.match_id
