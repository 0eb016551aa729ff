-- The skills taxonomy.

-- name: lock_taxonomy
SELECT pg_advisory_xact_lock($1)

-- name: known_skills
SELECT skill_id, version, label, language, origin, deprecated, replaced_by,
       ARRAY(SELECT broader FROM skill_broader WHERE skill_broader.skill_id = skills.skill_id ORDER BY 1) AS broader
FROM skills WHERE skill_id = ANY ($1::text[])

-- name: replaced_by
-- Everything that was merged into this one before.
SELECT skill_id FROM skills WHERE replaced_by = $1

-- name: known_labels
SELECT skill_id, preferred, label FROM skill_labels WHERE skill_id = ANY ($1::text[]) AND language = $2

-- name: save_skills
INSERT INTO skills (skill_id, version, label, language, origin, deprecated, replaced_by)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[])
ON CONFLICT (skill_id) DO UPDATE SET
    version = excluded.version,
    label = excluded.label,
    deprecated = excluded.deprecated,
    replaced_by = excluded.replaced_by
WHERE skills.version < excluded.version

-- name: forget_broader
DELETE FROM skill_broader WHERE skill_id = ANY ($1::text[])

-- name: forget_labels
DELETE FROM skill_labels WHERE skill_id = ANY ($1::text[]) AND language = $2

-- name: forget_terms
DELETE FROM skill_terms WHERE skill_id = ANY ($1::text[]) AND language = $2 AND via IS NULL

-- name: hand_over_terms
-- What a merged skill was called leads to the one in its place.
INSERT INTO skill_terms (skill_id, language, rank, term, via)
SELECT $2, language, rank | 1, term, coalesce(via, skill_id) FROM skill_terms WHERE skill_id = $1

-- name: without_terms
-- Skills from before terms were kept.
SELECT skill_id FROM skills
WHERE NOT EXISTS (SELECT FROM skill_terms WHERE skill_terms.skill_id = skills.skill_id)
ORDER BY skill_id LIMIT $1

-- name: get_skill
SELECT skill_id, version, label, language, origin, deprecated, replaced_by FROM skills WHERE skill_id = $1

-- name: labels_of
SELECT language, preferred, label FROM skill_labels WHERE skill_id = $1 ORDER BY language, preferred DESC, label

-- name: broader_of
SELECT skill_broader.broader AS skill_id, skills.label
FROM skill_broader LEFT JOIN skills ON skills.skill_id = skill_broader.broader
WHERE skill_broader.skill_id = $1 ORDER BY 1

-- name: narrower_of
SELECT skill_id, label FROM skill_broader JOIN skills USING (skill_id)
WHERE skill_broader.broader = $1 ORDER BY label, skill_id LIMIT $2

-- name: list_skills
SELECT skill_id, version, label, label AS sort, 0 AS rank, NULL AS matched FROM skills
WHERE NOT deprecated AND ($1::text IS NULL OR (label, skill_id) > ($1, $2::text))
ORDER BY label, skill_id LIMIT $3

-- name: terms_of_rank
-- How many terms of a rank begin so; counted up to $5.
SELECT count(*) FROM (
    SELECT FROM skill_terms
    WHERE rank = $1 AND term >= $2 AND term < $3 AND ($4::text IS NULL OR language = $4) LIMIT $5
) AS few

-- name: terms_of_words
-- The same of each of several words, whatever the rank.
SELECT (
    SELECT count(*) FROM (
        SELECT FROM skill_terms WHERE term >= word.first AND term < word.last AND ($3::text IS NULL OR language = $3)
        LIMIT $4
    ) AS few
) AS terms
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS word (first, last, place) ORDER BY place

-- name: search_rank
-- One rank of matches: terms from $2 to before $3. Who is found by a better rank is there already.
SELECT skills.skill_id, skills.version, coalesce(local.label, skills.label) AS label, skills.label AS sort,
       $1::smallint AS rank, CASE WHEN $1 % 2 = 1 THEN found.term END AS matched
FROM (
    SELECT skill_id, min(term) AS term FROM skill_terms
    WHERE rank = $1 AND term >= $2 AND term < $3 AND ($4::text IS NULL OR language = $4)
    GROUP BY skill_id
) AS found
JOIN skills USING (skill_id)
LEFT JOIN skill_labels AS local ON local.skill_id = skills.skill_id AND local.language = $4 AND local.preferred
WHERE NOT skills.deprecated
  AND ($5::text IS NULL OR (skills.label, skills.skill_id) > ($5, $6::text))
  AND NOT EXISTS (
      SELECT FROM skill_terms AS better
      WHERE better.skill_id = found.skill_id AND better.rank < $1 AND better.term >= $2 AND better.term < $3
        AND ($4::text IS NULL OR better.language = $4)
  )
ORDER BY skills.label, skills.skill_id LIMIT $7

-- name: walk_rank
-- The same where there are many: skills are looked at in their order until there are enough.
SELECT skills.skill_id, skills.version, coalesce(local.label, skills.label) AS label, skills.label AS sort,
       best.rank, CASE WHEN $1 % 2 = 1 THEN best.term END AS matched
FROM skills
CROSS JOIN LATERAL (
    SELECT min(rank) AS rank, min(term) FILTER (WHERE rank = $1) AS term FROM skill_terms
    WHERE skill_terms.skill_id = skills.skill_id AND term >= $2 AND term < $3 AND ($4::text IS NULL OR language = $4)
) AS best
LEFT JOIN skill_labels AS local ON local.skill_id = skills.skill_id AND local.language = $4 AND local.preferred
WHERE NOT skills.deprecated AND best.rank = $1
  AND ($5::text IS NULL OR (skills.label, skills.skill_id) > ($5, $6::text))
ORDER BY skills.label, skills.skill_id LIMIT $7

-- name: search_words
-- Skills that have each of the words somewhere, in any order, and not all of them in this one. Those that have all of
-- the rarer words are gathered; the commonest, from $9 to before $10, are looked for among them.
SELECT skills.skill_id, skills.version, coalesce(local.label, skills.label) AS label, skills.label AS sort,
       4::smallint AS rank, NULL AS matched
FROM (
    SELECT skill_id FROM (
        SELECT DISTINCT place, one.skill_id
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS word (first, last, place)
        JOIN skill_terms AS one ON one.term >= word.first AND one.term < word.last
            AND ($5::text IS NULL OR one.language = $5)
    ) AS each GROUP BY skill_id HAVING count(*) = cardinality($1)
) AS found
JOIN skills USING (skill_id)
LEFT JOIN skill_labels AS local ON local.skill_id = skills.skill_id AND local.language = $5 AND local.preferred
WHERE NOT skills.deprecated
  AND ($6::text IS NULL OR (skills.label, skills.skill_id) > ($6, $7::text))
  AND (
      SELECT count(*) FROM unnest($9::text[], $10::text[]) AS word (first, last)
      CROSS JOIN LATERAL (
          SELECT FROM skill_terms AS one
          WHERE one.skill_id = skills.skill_id AND one.term >= word.first AND one.term < word.last
            AND ($5::text IS NULL OR one.language = $5)
          LIMIT 1
      ) AS common
  ) = cardinality($9)
  AND NOT EXISTS (
      SELECT FROM skill_terms AS better
      WHERE better.skill_id = skills.skill_id AND better.term >= $3 AND better.term < $4
        AND ($5::text IS NULL OR better.language = $5)
  )
ORDER BY skills.label, skills.skill_id LIMIT $8

-- name: walk_words
-- The same where each is among the commonest: skills are looked at in their order until there are enough.
SELECT skills.skill_id, skills.version, coalesce(local.label, skills.label) AS label, skills.label AS sort,
       4::smallint AS rank, NULL AS matched
FROM skills
LEFT JOIN skill_labels AS local ON local.skill_id = skills.skill_id AND local.language = $5 AND local.preferred
WHERE NOT skills.deprecated
  AND ($6::text IS NULL OR (skills.label, skills.skill_id) > ($6, $7::text))
  AND NOT EXISTS (
      SELECT FROM unnest($1::text[], $2::text[]) AS word (first, last)
      WHERE NOT EXISTS (
          SELECT FROM skill_terms AS one
          WHERE one.skill_id = skills.skill_id AND one.term >= word.first AND one.term < word.last
            AND ($5::text IS NULL OR one.language = $5)
      )
  )
  AND NOT EXISTS (
      SELECT FROM skill_terms AS better
      WHERE better.skill_id = skills.skill_id AND better.term >= $3 AND better.term < $4
        AND ($5::text IS NULL OR better.language = $5)
  )
ORDER BY skills.label, skills.skill_id LIMIT $8

-- name: with_narrower
-- These skills and all below them.
WITH RECURSIVE topic AS (
    SELECT unnest($1::text[]) AS skill_id
    UNION
    SELECT skill_broader.skill_id FROM topic JOIN skill_broader ON skill_broader.broader = topic.skill_id
)
SELECT skill_id FROM topic LIMIT $2
