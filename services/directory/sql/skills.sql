-- The skills taxonomy.

-- name: lock_taxonomy
SELECT pg_advisory_xact_lock($1)

-- name: known_skills
SELECT skill_id, version, label FROM skills WHERE skill_id = ANY ($1::text[])

-- name: save_skills
INSERT INTO skills (skill_id, version, label)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[])
ON CONFLICT (skill_id) DO UPDATE SET version = excluded.version, label = excluded.label
WHERE skills.version < excluded.version

-- name: search_skills
-- Labels that begin with the words come before those that only hold them; $1 is in lower case.
SELECT * FROM (
    SELECT skill_id, version, label, (NOT starts_with(lower(label), $1))::int AS rank FROM skills
    WHERE strpos(lower(label), $1) > 0
) AS found
WHERE $2::int IS NULL OR (rank, label, skill_id) > ($2, $3::text, $4::text)
ORDER BY rank, label, skill_id LIMIT $5
