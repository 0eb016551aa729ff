-- name: newcomers_to_introduce
-- Recent and coming hires with too few introductions, each with the programme that is closest to them.
SELECT person_id, programme_id, lacking FROM (
    SELECT DISTINCT ON (person.person_id) person.person_id, programme.programme_id, ($3 - had.introductions)::int AS lacking
    FROM people AS person
    CROSS JOIN LATERAL (
        SELECT count(*) AS introductions FROM introductions WHERE newcomer_id = person.person_id
    ) AS had
    JOIN programmes AS programme ON programme.status = 'published' AND programme.format = 'onboarding_buddy'
        AND in_audience(person, programme)
    WHERE person.hired_on BETWEEN $1::date - 30 AND $1::date + 30
        AND person.status IN ('prehire', 'active') AND person.opted_in
        AND (person.paused_until IS NULL OR person.paused_until <= $1)
        AND ($2::uuid[] IS NULL AND had.introductions = 0 OR person.person_id = ANY ($2) AND had.introductions < $3)
    ORDER BY person.person_id, audience_fit(person, programme) DESC, programme.programme_id
) AS newcomer
ORDER BY CASE WHEN $2 IS NULL THEN random() END LIMIT CASE WHEN $2 IS NULL THEN $4::int END

-- name: known_to
-- Whom newcomers have been introduced to, and their buddies.
SELECT newcomer_id, person_id FROM introductions WHERE newcomer_id = ANY ($1::uuid[])
UNION
SELECT newcomer.person_id, buddy.person_id
FROM match_members AS newcomer JOIN matches AS match USING (match_id)
JOIN match_members AS buddy ON buddy.match_id = match.match_id AND buddy.role = 'buddy'
WHERE newcomer.person_id = ANY ($1::uuid[]) AND newcomer.role = 'newcomer' AND match.state <> 'preview'

-- name: insert_introductions
INSERT INTO introductions (newcomer_id, person_id, score, reasons, rules_version)
SELECT newcomer_id, person_id, score, reasons, $2
FROM jsonb_to_recordset($1::jsonb) AS given (newcomer_id uuid, person_id uuid, score int, reasons jsonb)
ON CONFLICT DO NOTHING

-- name: list_introductions
SELECT * FROM introductions WHERE newcomer_id = $1 ORDER BY score DESC, person_id

-- name: may_see
-- The newcomer, and whoever is or shall be their buddy.
SELECT $1 = $2::uuid OR EXISTS (
    SELECT FROM match_members AS newcomer JOIN matches AS match USING (match_id)
    JOIN match_members AS buddy ON buddy.match_id = match.match_id
    WHERE newcomer.person_id = $1 AND newcomer.role = 'newcomer' AND buddy.person_id = $2 AND buddy.role = 'buddy'
        AND match.state IN ('proposed', 'accepted')
)

-- name: meet
UPDATE introductions SET state = 'met', met_at = coalesce(met_at, now())
WHERE newcomer_id = $1 AND person_id = $2 RETURNING state

-- name: leave
DELETE FROM introductions WHERE newcomer_id = ANY ($1::uuid[]) OR person_id = ANY ($1::uuid[]) AND state = 'suggested'

-- name: touched_by
SELECT DISTINCT newcomer_id FROM introductions WHERE person_id = ANY ($1::uuid[]) AND state = 'suggested'

-- name: part
-- Nobody is introduced to whom they, by what these people wish, shall not meet.
DELETE FROM introductions AS introduction USING people AS newcomer, people AS colleague
WHERE newcomer.person_id = introduction.newcomer_id AND colleague.person_id = introduction.person_id
    AND introduction.state = 'suggested'
    AND (introduction.newcomer_id = ANY ($1::uuid[]) OR introduction.person_id = ANY ($1::uuid[]))
    AND (newcomer.not_with @> ARRAY[colleague.person_id] OR colleague.not_with @> ARRAY[newcomer.person_id])
RETURNING introduction.newcomer_id
