-- All that is published, from the beginning.

-- name: skills
SELECT skill_id, version, label, deprecated, replaced_by,
    ARRAY(SELECT broader FROM skill_broader AS place WHERE place.skill_id = skills.skill_id ORDER BY 1) AS broader
FROM skills WHERE $1::text IS NULL OR skill_id > $1 ORDER BY skill_id LIMIT $2 FOR UPDATE

-- name: units
SELECT * FROM units WHERE $1::text IS NULL OR code > $1 ORDER BY code LIMIT $2 FOR UPDATE

-- name: erased
SELECT person_id FROM erasures WHERE $1::uuid IS NULL OR person_id > $1 ORDER BY person_id LIMIT $2

-- name: count
SELECT (SELECT count(*) FROM skills) AS skills, (SELECT count(*) FROM units) AS units,
    (SELECT count(*) FROM people) AS people, (SELECT count(*) FROM people) AS contacts,
    (SELECT count(*) FROM erasures) AS erased

-- name: waiting
SELECT count(*) FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT $1) AS first
