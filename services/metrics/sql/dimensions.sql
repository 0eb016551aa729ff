-- Units, skills and programmes.

-- name: apply_units
INSERT INTO units AS kept (code, version, name, path)
SELECT code, version, name, path
FROM jsonb_to_recordset($1) AS incoming (code text, version int, name text, path text[])
ORDER BY code
ON CONFLICT (code) DO UPDATE SET version = excluded.version, name = excluded.name, path = excluded.path
WHERE kept.version < excluded.version

-- name: apply_skills
INSERT INTO skills AS kept (skill_id, version, label)
SELECT skill_id, version, label FROM jsonb_to_recordset($1) AS incoming (skill_id text, version int, label text)
ORDER BY skill_id
ON CONFLICT (skill_id) DO UPDATE SET version = excluded.version, label = excluded.label
WHERE kept.version < excluded.version

-- name: apply_programmes
INSERT INTO programmes AS kept (
    programme_id, version, status, name, format, audience_units, starts_on, ends_on, goals, confidentiality
)
SELECT programme_id, version, status, name, format, audience_units, starts_on, ends_on, goals, confidentiality
FROM jsonb_to_recordset($1) AS incoming (
    programme_id uuid, version int, status text, name text, format text, audience_units text[], starts_on date,
    ends_on date, goals jsonb, confidentiality text
)
ORDER BY programme_id
ON CONFLICT (programme_id) DO UPDATE SET
    version = excluded.version, status = excluded.status, name = excluded.name, format = excluded.format,
    audience_units = excluded.audience_units, starts_on = excluded.starts_on, ends_on = excluded.ends_on,
    goals = excluded.goals, confidentiality = excluded.confidentiality
WHERE kept.version < excluded.version

-- name: unit_names
SELECT code AS cell, name AS label FROM units WHERE code = ANY ($1::text[])

-- name: programme_names
SELECT programme_id::text AS cell, name AS label FROM programmes WHERE programme_id::text = ANY ($1::text[])

-- name: unit_paths
SELECT code, path FROM units

-- name: unit_path
SELECT path FROM units WHERE code = $1

-- name: programme_known
SELECT EXISTS (SELECT FROM programmes WHERE programme_id = $1)

-- name: programmes_with_goals
SELECT programme_id, name, starts_on, ends_on, goals FROM programmes
WHERE status <> 'draft' AND ($1::uuid IS NULL OR programme_id = $1) AND jsonb_array_length(goals) > 0
    AND ($2::uuid IS NULL OR programme_id > $2)
ORDER BY programme_id
LIMIT $3

-- name: audiences
-- People by unit and by whether they are in the audience of what is asked for; $1 to $6 as for every measure. Audiences
-- of everybody leave nobody over.
WITH paths AS (
    SELECT unit_path, count(*) AS people
    FROM (
        SELECT DISTINCT ON (person_id) unit_path FROM spans
        WHERE status = 'active' AND valid_from < $3::date AND valid_to > $2::date
        ORDER BY person_id, valid_from DESC
    ) AS staff
    WHERE $5::text IS NULL OR $5 = ANY (unit_path)
    GROUP BY unit_path
),
asked AS (
    SELECT CASE $1::text WHEN 'programme' THEN programme_id::text WHEN 'format' THEN format ELSE '' END AS cell,
        array_agg(DISTINCT code) AS audience
    FROM programmes LEFT JOIN LATERAL unnest(audience_units) AS code ON true
    WHERE status <> 'draft' AND starts_on < $3::date AND ends_on >= $2::date
        AND ($4::uuid IS NULL OR programme_id = $4) AND ($6::text IS NULL OR format = $6)
        AND ($1::text IN ('programme', 'format') OR $4::uuid IS NOT NULL OR $6::text IS NOT NULL)
    GROUP BY 1 HAVING NOT bool_or(audience_units = '{}')
),
placed AS (
    SELECT cell, unit_path, people, CASE WHEN unit_path && audience THEN people ELSE 0 END AS inside
    FROM asked CROSS JOIN paths
)
SELECT cell, unit, sum(people)::int AS people, sum(inside)::int AS inside, audience, unit_path[place - 1] AS above
FROM placed CROSS JOIN LATERAL unnest(unit_path) WITH ORDINALITY AS each (unit, place)
JOIN (SELECT cell, sum(inside)::int AS audience FROM placed GROUP BY cell) AS whole USING (cell)
GROUP BY cell, unit, audience, above
