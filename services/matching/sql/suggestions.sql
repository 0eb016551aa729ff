-- name: asker
-- Who asks, packed as teachers are, with what their open matches take from them, whom they must not meet ($2 days of
-- cool-off, a wish of either side), what their skills and $3 are called, and what was heard of pairs of formats $4.
SELECT person.person_id, person.status = 'active' AND person.opted_in AS taking_part, person.needs, person.offers, person.experience,
    person.languages, person.hired_on, offer_profile(person, 0) AS profile, busy.learners, busy.minutes,
    ARRAY(
        SELECT unnest(person.not_with)
        UNION
        SELECT other.person_id FROM people AS other
        WHERE other.not_with @> ARRAY[person.person_id] AND other.not_with <> '{}'
        UNION
        SELECT other.person_id
        FROM match_members AS mine
        JOIN matches AS match USING (match_id)
        JOIN match_members AS other ON other.match_id = match.match_id AND other.person_id <> mine.person_id
        WHERE mine.person_id = person.person_id
            AND match.kind IN ('pair', 'buddy') AND match.state NOT IN ('preview', 'withdrawn')
            AND (match.state IN ('proposed', 'accepted', 'formed')
                OR coalesce(match.changed_at, match.created_at) > now() - make_interval(days => $2))
    ) AS apart,
    (
        SELECT coalesce(jsonb_object_agg(skill_id, label), '{}') FROM skills
        WHERE skill_id = $3 OR skill_id IN (SELECT need ->> 'skill_id' FROM jsonb_array_elements(person.needs) AS need)
    ) AS labels,
    heard_of($4::text[]) AS heard
FROM people AS person
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE member.role IN ('teacher', 'buddy')) AS learners,
        coalesce(sum(monthly_minutes(programme, member.role)), 0) AS minutes
    FROM match_members AS member
    JOIN matches AS match USING (match_id)
    JOIN programmes AS programme USING (programme_id)
    WHERE member.person_id = person.person_id AND match.state IN ('proposed', 'accepted', 'formed')
) AS busy
WHERE person.person_id = $1

-- name: teachers_of
-- Of each skill at its level up to $6, packed, by the place of the skill.
SELECT need, all_profiles AS profiles, all_marks AS marks FROM teachers_at_hand($1, $2, $3, $4, $5, $6)

-- name: busy
-- What open matches take from people: learners, and minutes a month.
SELECT person.person_id, busy.learners, busy.minutes
FROM unnest($1::uuid[]) AS person (person_id)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE member.role IN ('teacher', 'buddy')) AS learners,
        coalesce(sum(monthly_minutes(programme, member.role)), 0) AS minutes
    FROM match_members AS member
    JOIN matches AS match USING (match_id)
    JOIN programmes AS programme USING (programme_id)
    WHERE member.person_id = person.person_id AND match.state IN ('proposed', 'accepted', 'formed')
) AS busy
WHERE busy.minutes > 0 OR busy.learners > 0

-- name: pack_offers
-- The profiles of some whose offers have none. The lock keeps what changes meanwhile from being written twice.
WITH known AS (
    SELECT * FROM people WHERE person_id IN (
        SELECT DISTINCT person_id FROM skill_offers WHERE profile IS NULL ORDER BY person_id LIMIT $1
    ) ORDER BY person_id FOR SHARE
), packed AS (
    UPDATE skill_offers AS offer SET profile = offer_profile(known::people, offer.level), marks = offer_marks(known::people),
        places = offer_places(known::people)
    FROM known WHERE offer.person_id = known.person_id AND offer.profile IS NULL RETURNING 1
)
SELECT count(*) FROM packed
