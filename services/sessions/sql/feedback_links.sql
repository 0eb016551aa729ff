-- Links to what somebody is asked: each is one prompt's, and ends with it.

-- name: issue
-- For each of these prompts that still waits; a message that is sent again has a further link to the same question.
WITH kept AS (
    SELECT new.token_hash, p.prompt_id, p.expires_on
    FROM unnest($1::uuid[], $2::bytea[]) AS new (prompt_id, token_hash) JOIN prompts AS p USING (prompt_id)
    WHERE NOT p.answered AND p.expires_on >= current_date
), linked AS (
    INSERT INTO feedback_links (token_hash, prompt_id) SELECT token_hash, prompt_id FROM kept
)
SELECT prompt_id, expires_on FROM kept

-- name: open
-- Which question a link opens; none for whoever has left.
SELECT a.person_id, a.kind, a.subject_id, a.answered, a.expires_on < current_date AS is_over
FROM feedback_links AS l JOIN prompts AS a USING (prompt_id) LEFT JOIN people AS p USING (person_id)
WHERE l.token_hash = $1 AND p.status IS DISTINCT FROM 'left'

-- name: about
-- What the session was, as its participant may read it, and their part in it.
SELECT t.state, s.starts_at, coalesce(o.time_zone, 'UTC') AS time_zone, p.name AS programme_name, p.confidentiality,
       coalesce(s.format, g.format, p.format) AS format, k.label AS skill
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
JOIN participants AS t ON t.session_id = s.session_id AND t.person_id = $2
LEFT JOIN people AS o ON o.person_id = t.person_id
LEFT JOIN skills AS k ON k.skill_id = g.skill_id
WHERE s.session_id = $1

-- name: about_survey
-- What a survey or pulse asks, and the programme it is about.
SELECT s.items, p.name AS programme_name, p.confidentiality
FROM surveys AS s JOIN programmes AS p USING (programme_id) WHERE s.survey_id = $1

-- name: revoke
DELETE FROM feedback_links AS l USING prompts AS a WHERE a.prompt_id = l.prompt_id AND a.person_id = $1
