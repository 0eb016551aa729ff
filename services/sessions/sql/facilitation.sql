-- What groups are asked of whoever leads them, and what came of it.

-- name: plan
-- After the second session of a quarter that somebody attended under the same facilitator: each speaks of two or more,
-- and once a quarter.
INSERT INTO prompts (person_id, kind, subject_id, programme_id, due_on, expires_on)
SELECT DISTINCT ON (t.person_id, s.programme_id, s.facilitator_id, date_trunc('quarter', s.starts_at, 'UTC'))
       t.person_id, 'facilitation', s.session_id, s.programme_id, s.ends_at::date, s.ends_at::date + 14
FROM sessions AS s JOIN participants AS t USING (session_id)
WHERE s.state = 'held' AND s.changed_at >= $1 AND s.ends_at > now() - interval '14 days'
  AND s.facilitator_id <> t.person_id AND t.state = 'attended'
  AND EXISTS (
      SELECT FROM sessions AS e JOIN participants AS a USING (session_id)
      WHERE a.person_id = t.person_id AND a.state = 'attended' AND e.state = 'held' AND e.session_id <> s.session_id
        AND e.facilitator_id = s.facilitator_id AND e.programme_id = s.programme_id AND e.starts_at <= s.starts_at
        AND e.starts_at >= date_trunc('quarter', s.starts_at, 'UTC')
  )
  AND NOT EXISTS (
      SELECT FROM prompts AS p JOIN sessions AS o ON o.session_id = p.subject_id
      WHERE p.person_id = t.person_id AND p.kind = 'facilitation' AND o.facilitator_id = s.facilitator_id
        AND o.programme_id = s.programme_id
        AND date_trunc('quarter', o.starts_at, 'UTC') = date_trunc('quarter', s.starts_at, 'UTC')
  )
ORDER BY t.person_id, s.programme_id, s.facilitator_id, date_trunc('quarter', s.starts_at, 'UTC'), s.starts_at, s.session_id
ON CONFLICT DO NOTHING

-- name: led
SELECT facilitator_id, (date_trunc('quarter', starts_at, 'UTC') AT TIME ZONE 'UTC')::date AS month FROM sessions
WHERE session_id = $1 AND facilitator_id IS NOT NULL

-- name: insert_batch
INSERT INTO facilitation_batches (batch_id, facilitator_id, programme_id, month, released_on, answers, totals)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: of_one
-- Somebody's answers and sums by statement, beside everybody's mean.
WITH each AS (
    SELECT facilitator_id, place, sum(answers) AS answers, sum(total) AS total
    FROM facilitation_batches CROSS JOIN unnest(totals) WITH ORDINALITY AS u (total, place) GROUP BY facilitator_id, place
)
SELECT coalesce(own.answers, 0)::int AS answers, coalesce(own.total, 0)::float8 AS total, everybody.mean
FROM (SELECT place, sum(total)::float8 / sum(answers) AS mean FROM each GROUP BY place) AS everybody
LEFT JOIN each AS own ON own.place = everybody.place AND own.facilitator_id = $1
ORDER BY everybody.place
