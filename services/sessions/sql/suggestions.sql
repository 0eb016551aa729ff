-- Suggestions, open to those who oversee programmes, and answered ones to everybody they concern.

-- name: may_suggest
-- A published programme that somebody is in the audience of or in a group of.
SELECT EXISTS (
    SELECT FROM programmes AS g WHERE g.programme_id = $1 AND g.status <> 'draft' AND (
        EXISTS (SELECT FROM people AS p WHERE p.person_id = $2 AND in_audience(p, g))
        OR EXISTS (
            SELECT FROM groups AS c JOIN group_members AS m USING (group_id)
            WHERE c.programme_id = g.programme_id AND m.person_id = $2
        )
    )
)

-- name: insert
INSERT INTO suggestions (suggestion_id, programme_id, item_id, author_id, text) VALUES ($1, $2, $3, $4, $5)

-- name: lock
SELECT suggestion_id, version, state, author_id FROM suggestions WHERE suggestion_id = $1 FOR UPDATE

-- name: answer
-- Whoever made it under their name is told that it was answered.
WITH told AS (
    INSERT INTO messages (person_id, kind, subject_id, sequence, about, expires_at)
    SELECT author_id, 'notice', suggestion_id, version + 1, 'suggestion', now() + interval '14 days'
    FROM suggestions WHERE suggestion_id = $1 AND author_id IS NOT NULL
    ON CONFLICT DO NOTHING
)
UPDATE suggestions SET state = $2, reply = $3, version = version + 1 WHERE suggestion_id = $1

-- name: list
-- $1 is the one asked for, $2 the caller, $3 whether they oversee programmes: all is theirs to see. To others: their own
-- ($7 alone), and what was answered, without a name, of programmes they are in the audience of; nothing of closed ones.
-- Each of the three is a page in order of id by itself, so that an index ends it.
WITH concerned AS MATERIALIZED (
    SELECT g.programme_id FROM programmes AS g JOIN people AS p ON p.person_id = $2
    WHERE NOT $3::boolean AND g.confidentiality <> 'closed' AND in_audience(p, g)
), seen AS (
    (SELECT suggestion_id FROM suggestions
    WHERE $3 AND NOT $7::boolean AND ($1::uuid IS NULL OR suggestion_id = $1) AND ($4::uuid IS NULL OR programme_id = $4)
      AND ($5::uuid IS NULL OR item_id = $5) AND ($6::text IS NULL OR state = $6)
      AND ($8::uuid IS NULL OR suggestion_id > $8)
    ORDER BY suggestion_id LIMIT $9)
    UNION
    (SELECT suggestion_id FROM suggestions
    WHERE author_id = $2 AND ($1::uuid IS NULL OR suggestion_id = $1) AND ($4::uuid IS NULL OR programme_id = $4)
      AND ($5::uuid IS NULL OR item_id = $5) AND ($6::text IS NULL OR state = $6)
      AND ($8::uuid IS NULL OR suggestion_id > $8)
    ORDER BY suggestion_id LIMIT $9)
    UNION
    (SELECT suggestion_id FROM suggestions
    WHERE NOT $3 AND NOT $7 AND state <> 'open'
      AND (programme_id IS NULL OR programme_id IN (SELECT programme_id FROM concerned)) AND ($1::uuid IS NULL OR suggestion_id = $1) AND ($4::uuid IS NULL OR programme_id = $4)
      AND ($5::uuid IS NULL OR item_id = $5) AND ($6::text IS NULL OR state = $6)
      AND ($8::uuid IS NULL OR suggestion_id > $8)
    ORDER BY suggestion_id LIMIT $9)
)
SELECT s.suggestion_id, s.version, s.programme_id, s.item_id, s.text, s.state, s.reply, s.made_on,
       CASE WHEN $3 OR s.author_id = $2 THEN s.author_id END AS author_id
FROM seen JOIN suggestions AS s USING (suggestion_id)
ORDER BY s.suggestion_id LIMIT $9

-- name: count_rows
SELECT person_id, count(*)::int AS held FROM (
    SELECT author_id AS person_id FROM suggestions
    UNION ALL SELECT person_id FROM testimonials UNION ALL SELECT recorded_by FROM testimonials
) AS held WHERE person_id = ANY ($1::uuid[]) GROUP BY person_id

-- name: forget
-- What somebody said under their name goes with it; what nobody's name stands beside cannot be found.
WITH suggestions_gone AS (DELETE FROM suggestions WHERE author_id = ANY ($1::uuid[])),
    recorders_gone AS (
        UPDATE testimonials SET recorded_by = NULL
        WHERE recorded_by = ANY ($1::uuid[]) AND (person_id IS NULL OR NOT person_id = ANY ($1::uuid[]))
    )
DELETE FROM testimonials WHERE person_id = ANY ($1::uuid[])
