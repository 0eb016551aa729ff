-- name: insert_matches
INSERT INTO matches (
    match_id, kind, state, programme_id, round_id, skill_id, score, reasons, expires_at, ring_id, rules_version, asked,
    engine
)
SELECT match_id, kind, state, programme_id, round_id, skill_id, score, reasons, expires_at, ring_id, rules_version, asked,
    engine
FROM jsonb_to_recordset($1::jsonb) AS given (
    match_id uuid, kind text, state text, programme_id uuid, round_id uuid, skill_id text, score int, reasons jsonb,
    expires_at timestamptz, ring_id uuid, rules_version int, asked boolean, engine int
)

-- name: insert_members
INSERT INTO match_members (match_id, person_id, role, answer)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])

-- name: lock_match
SELECT * FROM matches WHERE match_id = $1 FOR UPDATE

-- name: get_matches
SELECT * FROM matches WHERE match_id = ANY ($1::uuid[]) ORDER BY match_id

-- name: lock_matches
SELECT * FROM matches WHERE match_id = ANY ($1::uuid[]) ORDER BY match_id FOR UPDATE

-- name: legs
-- These matches, and the other legs of the exchanges they are legs of.
SELECT unnest($1::uuid[]) AS match_id
UNION
SELECT leg.match_id FROM matches AS match JOIN matches AS leg USING (ring_id) WHERE match.match_id = ANY ($1::uuid[])

-- name: teaching
-- Who of these people teaches somebody in a programme now.
SELECT DISTINCT member.person_id
FROM match_members AS member JOIN matches AS match USING (match_id)
WHERE member.person_id = ANY ($2::uuid[]) AND member.role = 'teacher'
    AND match.programme_id = $1 AND match.state IN ('proposed', 'accepted')

-- name: lock_expired
SELECT * FROM matches WHERE state = 'proposed' AND expires_at <= now()
ORDER BY match_id LIMIT $1 FOR UPDATE SKIP LOCKED

-- name: members_of
SELECT match_id, person_id, role, answer FROM match_members
WHERE match_id = ANY ($1::uuid[]) ORDER BY match_id, role, person_id

-- name: likeness
-- Of matches of two how alike these are now.
SELECT mine.match_id, one.unit_code <> other.unit_code AS another_unit, one.site_code = other.site_code AS same_site,
    abs(one.job_level - other.job_level) AS apart
FROM match_members AS mine
JOIN match_members AS theirs ON theirs.match_id = mine.match_id AND theirs.person_id > mine.person_id
JOIN people AS one ON one.person_id = mine.person_id
JOIN people AS other ON other.person_id = theirs.person_id
WHERE mine.match_id = ANY ($1::uuid[])

-- name: answer
UPDATE match_members SET answer = $3, reason_code = $4 WHERE match_id = $1 AND person_id = $2

-- name: change_states
UPDATE matches SET state = change.state, version = matches.version + 1, changed_at = now()
FROM unnest($1::uuid[], $2::text[]) AS change (match_id, state)
WHERE matches.match_id = change.match_id

-- name: save_reasons
UPDATE matches SET score = told.score, reasons = told.reasons, rules_version = told.rules_version
FROM jsonb_to_recordset($1::jsonb) AS told (match_id uuid, score int, reasons jsonb, rules_version int)
WHERE matches.match_id = told.match_id

-- name: remove_members
DELETE FROM match_members AS member
USING unnest($1::uuid[], $2::uuid[]) AS gone (match_id, person_id)
WHERE member.match_id = gone.match_id AND member.person_id = gone.person_id

-- name: add_members
INSERT INTO match_members (match_id, person_id, role, answer)
SELECT match_id, person_id, role, 'none'
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS given (match_id, person_id, role)

-- name: open_matches_of
-- Open matches in which any of these people is.
SELECT DISTINCT match.match_id
FROM match_members AS member JOIN matches AS match USING (match_id)
WHERE member.person_id = ANY ($1::uuid[]) AND match.state IN ('proposed', 'accepted', 'formed')

-- name: count_asked
-- How many colleagues somebody has asked who have not answered yet.
SELECT count(*) FROM match_members AS member JOIN matches AS match USING (match_id)
WHERE member.person_id = $1 AND member.role = 'learner' AND match.asked AND match.state = 'proposed'

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
    AND ($7::uuid IS NULL OR match.ring_id = $7)
    AND ($8::uuid IS NULL OR match.match_id < $8)
ORDER BY match.match_id DESC LIMIT $9

-- name: labels
SELECT skill_id, label FROM skills WHERE skill_id = ANY ($1::text[])

-- name: previews_after
-- Some matches of a round that nobody has been told of, and the other legs of the last one's exchange.
SELECT * FROM matches
WHERE round_id = $1 AND state = 'preview' AND ($2::uuid IS NULL OR coalesce(ring_id, match_id) > $2)
    AND coalesce(ring_id, match_id) <= (
        SELECT together FROM (
            SELECT coalesce(ring_id, match_id) AS together FROM matches
            WHERE round_id = $1 AND state = 'preview' AND ($2::uuid IS NULL OR coalesce(ring_id, match_id) > $2)
            ORDER BY together LIMIT $3
        ) AS coming ORDER BY together DESC LIMIT 1
    )
ORDER BY coalesce(ring_id, match_id), match_id

-- name: forget_previews
WITH member AS (DELETE FROM match_members WHERE match_id = ANY ($1::uuid[]))
DELETE FROM matches WHERE match_id = ANY ($1::uuid[])

-- name: publish_previews
-- They begin now: as old, and as new to everybody, as if the round had run at this moment.
UPDATE matches SET state = change.state, expires_at = change.expires_at, created_at = now()
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS change (match_id, state, expires_at)
WHERE matches.match_id = change.match_id

-- name: no_longer_right
-- Open matches that a change of these people's own profile, place or wishes does not allow any more.
WITH mine AS (
    SELECT match.match_id, match.state, match.kind, match.programme_id, match.skill_id,
        member.role, person.person_id, person.not_with, person.offered_skills
    FROM unnest($1::uuid[]) AS changed (person_id)
    JOIN match_members AS member USING (person_id)
    JOIN matches AS match USING (match_id)
    JOIN people AS person USING (person_id)
    WHERE match.state IN ('proposed', 'accepted', 'formed')
)
SELECT mine.match_id, mine.person_id, 'no_longer_available' AS reason
FROM mine JOIN match_members AS other ON other.match_id = mine.match_id AND other.person_id = ANY (mine.not_with)
UNION
SELECT match_id, person_id, 'no_longer_offered' FROM mine
WHERE state = 'proposed' AND role = 'teacher' AND skill_id <> ALL (offered_skills)
UNION
SELECT mine.match_id, mine.person_id, 'no_longer_available'
FROM mine JOIN people AS person USING (person_id)
WHERE mine.state = 'proposed' AND mine.role IN ('teacher', 'buddy') AND person.capacity = 0
UNION
SELECT mine.match_id, mine.person_id, 'no_longer_needed'
FROM mine JOIN people AS person USING (person_id)
WHERE mine.state = 'proposed' AND mine.role = 'learner'
    AND NOT person.needs @> jsonb_build_array(jsonb_build_object('skill_id', mine.skill_id))
UNION
SELECT mine.match_id, mine.person_id, 'no_longer_for_them'
FROM mine JOIN people AS person USING (person_id) JOIN programmes AS programme USING (programme_id)
WHERE mine.role IN ('learner', 'newcomer', 'participant')
    AND CASE mine.state WHEN 'proposed' THEN NOT in_audience(person, programme)
        ELSE NOT in_audience_places(person, programme) END

-- name: open_of_closed
-- Some of what is still open of programmes that are closed.
SELECT match.match_id
FROM programmes AS programme JOIN matches AS match USING (programme_id)
WHERE programme.status = 'closed' AND match.state IN ('proposed', 'accepted', 'formed')
ORDER BY match.match_id LIMIT $1

-- name: outside
-- Who is in an open match of these programmes that are not for them any more.
SELECT match.match_id, member.person_id
FROM matches AS match
JOIN programmes AS programme USING (programme_id)
JOIN match_members AS member USING (match_id)
JOIN people AS person USING (person_id)
WHERE programme_id = ANY ($1::uuid[]) AND match.state IN ('proposed', 'accepted', 'formed')
    AND member.role IN ('learner', 'newcomer', 'participant')
    AND CASE match.state WHEN 'proposed' THEN NOT in_audience(person, programme)
        ELSE NOT in_audience_places(person, programme) END
ORDER BY match.match_id, member.person_id

-- name: ready_to_lead
-- So many of those who are ready to facilitate, from a lot on.
(SELECT person_id FROM people
 WHERE facilitator_ready AND status = 'active' AND opted_in AND md5(person_id::text) >= $1
 ORDER BY md5(person_id::text) LIMIT $2)
UNION ALL
(SELECT person_id FROM people
 WHERE facilitator_ready AND status = 'active' AND opted_in AND md5(person_id::text) < $1
 ORDER BY md5(person_id::text) DESC LIMIT $2)

-- name: lines_broken
-- Open matches in which somebody has come to report to somebody: directly in a pair, at any distance in a circle.
-- `person_id` is who stands below, and leaves a circle.
WITH RECURSIVE pair AS (
    SELECT match.match_id, person.person_id
    FROM people AS person
    JOIN match_members AS mine USING (person_id)
    JOIN matches AS match USING (match_id)
    JOIN match_members AS other ON other.match_id = match.match_id AND other.person_id = person.manager_id
    WHERE person.person_id = ANY ($1::uuid[]) AND match.kind <> 'circle'
        AND match.state IN ('proposed', 'accepted')
), below AS (
    SELECT person_id FROM unnest($1::uuid[]) AS person_id
    WHERE EXISTS (SELECT FROM matches WHERE state = 'formed')
    UNION
    SELECT report.person_id FROM below JOIN people AS report ON report.manager_id = below.person_id
), inside AS (
    SELECT member.match_id, member.person_id
    FROM below JOIN match_members AS member USING (person_id) JOIN matches AS match USING (match_id)
    WHERE match.state = 'formed' AND member.role = 'participant'
), chain AS (
    SELECT inside.match_id, inside.person_id, person.manager_id
    FROM inside JOIN people AS person USING (person_id) WHERE person.manager_id IS NOT NULL
    UNION
    SELECT chain.match_id, chain.person_id, person.manager_id
    FROM chain JOIN people AS person ON person.person_id = chain.manager_id WHERE person.manager_id IS NOT NULL
)
SELECT match_id, person_id FROM pair
UNION
SELECT chain.match_id, chain.person_id
FROM chain JOIN match_members AS upper
    ON upper.match_id = chain.match_id AND upper.person_id = chain.manager_id AND upper.role = 'participant'

-- name: teachers_around
-- Who offers what any of these people need at their level or above, at a site of theirs ($3) or anywhere; of each skill
-- so many, drawn by a lot.
WITH wanted AS (
    SELECT need ->> 'skill_id' AS skill_id, min((need ->> 'level')::int) AS least
    FROM people AS learner, jsonb_array_elements(learner.needs) AS need
    WHERE learner.person_id = ANY ($1::uuid[]) GROUP BY 1
)
SELECT DISTINCT drawn.person_id
FROM wanted
CROSS JOIN LATERAL (
    SELECT person_id FROM people
    WHERE offered_skills @> ARRAY[wanted.skill_id] AND status = 'active' AND opted_in AND person_id <> ALL ($1::uuid[])
        AND (NOT $3::boolean OR site_code IN (SELECT site_code FROM people WHERE person_id = ANY ($1::uuid[])))
        AND EXISTS (
            SELECT FROM jsonb_array_elements(offers) AS offer
            WHERE offer ->> 'skill_id' = wanted.skill_id AND (offer ->> 'level')::int >= wanted.least
        )
    ORDER BY md5(person_id::text || $2::text)
    LIMIT greatest(200, 2000 / (SELECT count(*) FROM wanted))
) AS drawn

-- name: roomy
-- Circles of a programme with a place left, the smallest first.
SELECT match.match_id FROM matches AS match
CROSS JOIN LATERAL (
    SELECT count(*) AS people FROM match_members AS member
    WHERE member.match_id = match.match_id AND member.role = 'participant'
) AS inside
WHERE match.programme_id = $1 AND match.state = 'formed' AND inside.people < $2
ORDER BY inside.people, match.match_id LIMIT $3

-- name: waiting
-- Whom the last rounds of a programme left out, or a change left alone, and who have no open match of it since, who was
-- left out most first.
SELECT person_id
FROM (
    SELECT unmatched.person_id
    FROM (
        SELECT round_id FROM rounds WHERE programme_id = $1 AND published ORDER BY round_id DESC LIMIT 3
    ) AS latest
    JOIN unmatched USING (round_id)
    UNION ALL
    SELECT left_alone.person_id FROM left_alone WHERE programme_id = $1
) AS left_out
WHERE NOT EXISTS (
    SELECT FROM match_members AS member JOIN matches AS match USING (match_id)
    WHERE member.person_id = left_out.person_id AND match.programme_id = $1
        AND match.state IN ('proposed', 'accepted', 'formed') AND member.role <> 'facilitator'
)
GROUP BY person_id ORDER BY count(*) DESC, person_id LIMIT $2

-- name: with_managers
-- These people, and who manages them, each with their manager.
SELECT person_id, manager_id FROM people WHERE person_id = ANY ($1::uuid[])
UNION
SELECT manager.person_id, manager.manager_id
FROM people AS person JOIN people AS manager ON manager.person_id = person.manager_id
WHERE person.person_id = ANY ($1::uuid[])

-- name: with_everybody_above
WITH RECURSIVE up AS (
    SELECT person_id, manager_id FROM people WHERE person_id = ANY ($1::uuid[])
    UNION
    SELECT person.person_id, person.manager_id FROM up JOIN people AS person ON person.person_id = up.manager_id
)
SELECT person_id, manager_id FROM up
