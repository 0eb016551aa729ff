-- Challenges, lessons and resources. Ratings are kept apart from who gave them; no query joins the two, and none can.

-- name: insert
INSERT INTO knowledge (
    item_id, kind, scope, confidentiality, programme_id, group_id, session_id, author_id, title, text, context,
    desired_result, link, skills, level, stage, job_code, challenge_id, expires_on, capture_id
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
    (SELECT c.capture_id FROM captures AS c WHERE c.group_id = $6 ORDER BY c.capture_id DESC LIMIT 1)
)

-- name: place_of_group
SELECT g.group_id, g.programme_id, p.confidentiality, EXISTS (
           SELECT FROM group_members AS m WHERE m.group_id = g.group_id AND m.person_id = $2
       ) AS belongs
FROM groups AS g JOIN programmes AS p USING (programme_id) WHERE g.group_id = $1

-- name: place_of_session
SELECT s.group_id, s.programme_id, p.confidentiality, s.facilitator_id IS NOT DISTINCT FROM $2::uuid OR EXISTS (
           SELECT FROM participants AS t WHERE t.session_id = s.session_id AND t.person_id = $2
       ) OR EXISTS (
           SELECT FROM group_members AS m WHERE m.group_id = s.group_id AND m.person_id = $2
       ) AS belongs
FROM sessions AS s JOIN programmes AS p USING (programme_id) WHERE s.session_id = $1

-- name: written
-- What was written of a session or its group as that kind; the session's own before the group's.
SELECT content FROM artefacts
WHERE group_id = $1 AND kind = $3 AND (session_id IS NULL OR session_id = $2)
ORDER BY session_id NULLS LAST LIMIT 1

-- name: unknown_skills
SELECT skill_id FROM unnest($1::text[]) AS asked (skill_id)
WHERE NOT EXISTS (SELECT FROM skills AS s WHERE s.skill_id = asked.skill_id) ORDER BY skill_id LIMIT 1

-- name: lock
-- $2 is the caller; $3: they oversee programmes. Of a closed group only its members know.
SELECT k.item_id, k.version, k.kind, k.state, k.scope, k.programme_id, k.author_id, k.skills, k.level, k.stage,
       k.job_code, k.verified_on IS NOT NULL AS verified, k.expires_on, k.capture_id
FROM knowledge AS k
WHERE k.item_id = $1 AND (
    (k.scope = 'everybody' AND (k.state = 'current' OR k.author_id = $2 OR $3::boolean))
    OR (k.scope = 'group' AND (k.author_id = $2 OR (k.confidentiality <> 'closed' AND $3) OR EXISTS (
        SELECT FROM group_members AS m WHERE m.group_id = k.group_id AND m.person_id = $2
    )))
)
FOR UPDATE OF k

-- name: get_rules
SELECT item_id, version, kind, state, scope, programme_id, author_id, skills, level, stage, job_code,
       verified_on IS NOT NULL AS verified, expires_on, capture_id
FROM knowledge WHERE item_id = $1

-- name: change
-- Other words are words that nobody has vouched for.
UPDATE knowledge SET title = $2, text = $3, context = $4, desired_result = $5, link = $6, skills = $7, level = $8,
    stage = $9, job_code = $10, version = version + 1, refreshed_on = current_date,
    verified_by = CASE WHEN $11::boolean THEN verified_by END, verified_on = CASE WHEN $11 THEN verified_on END
WHERE item_id = $1

-- name: get_words
SELECT title, text, context, desired_result, link, skills, level, stage, job_code FROM knowledge WHERE item_id = $1

-- name: set_state
UPDATE knowledge SET state = $2, expires_on = $3, version = version + 1,
    refreshed_on = CASE WHEN $2 = 'current' THEN current_date ELSE refreshed_on END
WHERE item_id = $1

-- name: verify
UPDATE knowledge SET verified_by = $2, verified_on = CASE WHEN $3::boolean THEN current_date END, version = version + 1,
    refreshed_on = CASE WHEN $3 THEN current_date ELSE refreshed_on END
WHERE item_id = $1

-- name: knows_one_of
SELECT EXISTS (SELECT FROM people WHERE person_id = $1 AND status = 'active' AND knows && $2::text[])

-- name: use
INSERT INTO knowledge_uses (item_id, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: has_used
SELECT EXISTS (SELECT FROM knowledge_uses WHERE item_id = $1 AND person_id = $2)

-- name: note_rated
INSERT INTO knowledge_rated (item_id, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true

-- name: rate
-- Five that wait are counted together and forgotten: what is shown never moves by one person's rating.
UPDATE knowledge SET
    waiting = CASE WHEN cardinality(waiting) < 4
        THEN ARRAY(SELECT one FROM unnest(waiting || $2::smallint) AS one ORDER BY one) ELSE '{}' END,
    rated = rated + CASE WHEN cardinality(waiting) < 4 THEN 0 ELSE 5 END,
    rating_total = rating_total + CASE WHEN cardinality(waiting) < 4 THEN 0
        ELSE $2::int + (SELECT sum(one) FROM unnest(waiting) AS one) END
WHERE item_id = $1

-- name: plan_each
-- Filters that are not asked for cost nothing where each search is planned by its own values.
SELECT set_config('plan_cache_mode', $1, false)

-- name: list
-- $1 is the one item asked for, $2 the caller, $3 whether they oversee programmes. Words are looked for in the text and
-- in the labels of its skills. Best first.
SELECT k.item_id, k.version, k.kind, k.state, k.scope, k.programme_id, k.group_id, k.session_id, k.title,
       CASE WHEN k.confidentiality = 'open' OR k.author_id = $2 THEN k.author_id END AS author_id,
       k.text, k.context, k.desired_result, k.link, k.skills, k.level, k.stage, k.job_code, k.challenge_id, k.capture_id,
       k.verified_on, k.expires_on, k.written_on, k.rated AS ratings, k.quality,
       (SELECT count(*) FROM knowledge AS a
        WHERE a.challenge_id = k.item_id AND a.state = 'current' AND a.scope = 'everybody') AS answers,
       coalesce((SELECT sum(c.uses) FROM knowledge_counts AS c WHERE c.item_id = k.item_id), 0)::int AS uses
FROM knowledge AS k
WHERE ($1::uuid IS NULL OR k.item_id = $1)
  AND (
      (k.scope = 'everybody' AND (k.state = 'current' OR k.author_id = $2 OR $3::boolean))
      OR (k.scope = 'group' AND (k.author_id = $2 OR (k.confidentiality <> 'closed' AND $3) OR EXISTS (
          SELECT FROM group_members AS m WHERE m.group_id = k.group_id AND m.person_id = $2
      )))
  )
  AND ($4::text IS NULL OR k.item_id = ANY (ARRAY(
      SELECT w.item_id FROM knowledge AS w WHERE w.words @@ websearch_to_tsquery('simple', $4)
      UNION ALL
      SELECT w.item_id FROM knowledge AS w WHERE w.skills && ARRAY(
          SELECT s.skill_id FROM skills AS s WHERE to_tsvector('simple', s.label) @@ websearch_to_tsquery('simple', $4)
      )
  )))
  AND ($5::text IS NULL OR k.skills @> ARRAY[$5])
  AND ($6::text IS NULL OR k.kind = $6)
  AND ($7::text IS NULL OR k.stage = $7)
  AND ($8::int IS NULL OR k.level = $8)
  AND ($9::text IS NULL OR k.job_code = $9)
  AND ($10::uuid IS NULL OR k.group_id = $10)
  AND ($11::uuid IS NULL OR k.challenge_id = $11)
  AND ($12::boolean IS NULL OR (k.verified_on IS NOT NULL) = $12)
  AND ($13::text IS NULL OR k.state = $13)
  AND ($14::int IS NULL OR (k.quality, k.item_id) < ($14, $15::uuid))
ORDER BY k.quality DESC, k.item_id DESC LIMIT $16

-- name: expire
-- Whoever wrote it is told, once a day it expires on.
WITH over AS (
    SELECT item_id FROM knowledge WHERE state = 'current' AND expires_on < current_date
    ORDER BY item_id LIMIT 1000 FOR UPDATE SKIP LOCKED
), gone AS (
    UPDATE knowledge AS k SET state = 'expired', version = k.version + 1 FROM over WHERE k.item_id = over.item_id
    RETURNING k.*
), told AS (
    INSERT INTO messages (person_id, kind, subject_id, sequence, about, expires_at)
    SELECT author_id, 'notice', item_id, to_char(expires_on, 'YYYYMMDD')::int, 'knowledge-expired',
           now() + interval '14 days'
    FROM gone WHERE author_id IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT item_id, version, kind, state, scope, programme_id, author_id, skills, level, stage, job_code,
       verified_on IS NOT NULL AS verified, expires_on, capture_id
FROM gone ORDER BY item_id

-- name: count_uses
-- Months whose number of people has moved by five or more since it was last told.
WITH counted AS (
    SELECT u.item_id, date_trunc('month', u.day)::date AS month, count(DISTINCT u.person_id)::int AS people,
           count(*)::int AS uses
    FROM knowledge_uses AS u WHERE u.day >= date_trunc('month', current_date - 35)::date
    GROUP BY u.item_id, date_trunc('month', u.day)
), told AS (
    INSERT INTO knowledge_counts AS o (item_id, month, version, people, uses)
    SELECT c.item_id, c.month, 1, c.people / 5 * 5, c.uses FROM counted AS c
    LEFT JOIN knowledge_counts AS o USING (item_id, month)
    WHERE c.people >= coalesce(o.people, 0) + 5
    ORDER BY c.item_id, c.month
    ON CONFLICT (item_id, month) DO UPDATE SET
        version = o.version + 1, people = excluded.people, uses = excluded.uses
    RETURNING item_id, month, version, people, uses
)
SELECT told.item_id, k.programme_id, told.month, told.version, told.people, told.uses, k.scope
FROM told JOIN knowledge AS k USING (item_id) ORDER BY told.item_id, told.month

-- name: count_rows
SELECT person_id, count(*)::int AS held FROM (
    SELECT author_id AS person_id FROM knowledge UNION ALL SELECT verified_by FROM knowledge
    UNION ALL SELECT person_id FROM knowledge_uses UNION ALL SELECT person_id FROM knowledge_rated
    UNION ALL SELECT holder_id FROM captures UNION ALL SELECT asked_by FROM captures
) AS held WHERE person_id = ANY ($1::uuid[]) GROUP BY person_id

-- name: forget
WITH names_gone AS (
    UPDATE knowledge SET author_id = CASE WHEN NOT author_id = ANY ($1::uuid[]) THEN author_id END,
        verified_by = CASE WHEN NOT verified_by = ANY ($1::uuid[]) THEN verified_by END
    WHERE author_id = ANY ($1::uuid[]) OR verified_by = ANY ($1::uuid[])
), uses_gone AS (DELETE FROM knowledge_uses WHERE person_id = ANY ($1::uuid[])),
    rated_gone AS (DELETE FROM knowledge_rated WHERE person_id = ANY ($1::uuid[])),
    askers_gone AS (
        UPDATE captures SET asked_by = NULL WHERE asked_by = ANY ($1::uuid[]) AND NOT holder_id = ANY ($1::uuid[])
    )
DELETE FROM captures WHERE holder_id = ANY ($1::uuid[])
