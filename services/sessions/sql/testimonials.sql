-- Testimonials, case studies and interviews, for as long as whoever said them consents.

-- name: part
-- The programme, and whether somebody has attended a session of it.
SELECT g.confidentiality, EXISTS (
           SELECT FROM sessions AS s JOIN participants AS t USING (session_id)
           WHERE s.programme_id = g.programme_id AND t.person_id = $2 AND t.state = 'attended'
       ) AS attended
FROM programmes AS g WHERE g.programme_id = $1 AND g.status <> 'draft'

-- name: insert
INSERT INTO testimonials (
    testimonial_id, kind, programme_id, person_id, token_hash, recorded_by, state, text, tags, given_in
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, date_trunc('month', current_date)::date)
ON CONFLICT (token_hash) DO NOTHING RETURNING true

-- name: ask_consent
INSERT INTO messages (person_id, kind, subject_id, about, expires_at)
VALUES ($2, 'notice', $1, 'consent', now() + interval '30 days') ON CONFLICT DO NOTHING

-- name: lock
-- $2 is whose words they are.
SELECT testimonial_id, state FROM testimonials WHERE testimonial_id = $1 AND person_id = $2 FOR UPDATE

-- name: is_taken
SELECT EXISTS (SELECT FROM testimonials WHERE token_hash = $1)

-- name: consent
-- Without a name neither whose words they are nor who wrote them down stays, nor the id by which they were asked.
UPDATE testimonials SET state = 'consented', token_hash = $2, version = version + 1,
    testimonial_id = CASE WHEN $2::bytea IS NULL THEN testimonial_id ELSE gen_random_uuid() END,
    person_id = CASE WHEN $2::bytea IS NULL THEN person_id END,
    recorded_by = CASE WHEN $2 IS NULL THEN recorded_by END
WHERE testimonial_id = $1

-- name: end
-- The words go at once.
UPDATE testimonials SET state = $2, text = '', tags = '{}', version = version + 1 WHERE testimonial_id = $1

-- name: end_by_token
UPDATE testimonials SET state = 'withdrawn', text = '', tags = '{}', version = version + 1
WHERE token_hash = $1 AND state = 'consented' RETURNING true

-- name: list
-- $1 is the one asked for, $2 the caller, $3 whether they oversee programmes: those see what waits for consent, but not
-- its words. Words without a name are shown where $8 people are among 500 who took part: looked at for the words of the
-- page alone, and (OFFSET 0) session by session, for all who ever took part anywhere would be read otherwise.
SELECT t.testimonial_id, t.version, t.kind, t.programme_id, t.state, t.tags, t.given_in, t.person_id,
       CASE WHEN t.state = 'consented' OR t.person_id = $2 THEN t.text ELSE '' END AS text
FROM testimonials AS t
WHERE ($1::uuid IS NULL OR t.testimonial_id = $1)
  AND (t.person_id = $2 OR ($3::boolean AND t.state = 'asked') OR (t.state = 'consented' AND (
      t.person_id IS NOT NULL OR $8::int <= (
          SELECT count(DISTINCT crowd.person_id) FROM (
              SELECT p.person_id FROM sessions AS s CROSS JOIN LATERAL (
                  SELECT person_id FROM participants WHERE session_id = s.session_id AND state = 'attended' OFFSET 0
              ) AS p
              WHERE s.programme_id = t.programme_id LIMIT 500
          ) AS crowd
      )
  )))
  AND ($4::uuid IS NULL OR t.programme_id = $4) AND ($5::text IS NULL OR t.tags @> ARRAY[$5])
  AND ($6::text IS NULL OR t.kind = $6)
  AND ($7::uuid IS NULL OR t.testimonial_id > $7)
ORDER BY t.testimonial_id LIMIT $9

-- name: numbers
-- What is told of a programme in all, as far as enough people have answered and taken part.
SELECT g.programme_id, g.confidentiality, held.sessions, there.people, told.answers, told.usefulness, told.relevance,
       told.engagement
FROM programmes AS g
CROSS JOIN LATERAL (
    SELECT count(*)::int AS sessions FROM sessions AS s WHERE s.programme_id = g.programme_id AND s.state = 'held'
) AS held
CROSS JOIN LATERAL (
    SELECT count(DISTINCT p.person_id)::int AS people FROM sessions AS s CROSS JOIN LATERAL (
        SELECT person_id FROM participants WHERE session_id = s.session_id AND state = 'attended' OFFSET 0
    ) AS p
    WHERE s.programme_id = g.programme_id
) AS there
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.answers), 0)::int AS answers,
           round(sum(b.usefulness)::numeric / sum(b.answers), 2)::float8 AS usefulness,
           round(sum(b.relevance)::numeric / sum(b.answers), 2)::float8 AS relevance,
           round(sum(b.engagement)::numeric / sum(b.answers), 2)::float8 AS engagement
    FROM feedback_batches AS b WHERE b.programme_id = g.programme_id
) AS told
WHERE g.programme_id = $1 AND g.status <> 'draft'

-- name: quotes
-- Some of the words that are read with consent now, another choice of them each day.
SELECT kind, person_id, text, tags, given_in FROM testimonials
WHERE programme_id = $1 AND state = 'consented'
ORDER BY md5(testimonial_id::text || current_date::text) LIMIT $2
