-- Who may facilitate whom, and whose turn it is.

-- name: above
-- Everybody above these people in the reporting line, at any distance; a circle of managers ends where it began.
WITH RECURSIVE line AS (
    SELECT p.manager_id AS person_id FROM people AS p
    WHERE p.person_id = ANY ($1::uuid[]) AND p.manager_id IS NOT NULL
    UNION
    SELECT p.manager_id FROM line AS l JOIN people AS p USING (person_id) WHERE p.manager_id IS NOT NULL
)
SELECT person_id FROM line

-- name: pool
-- Ready, here, and in nobody's way; with the minutes they facilitate this month, preparation counted once more.
-- Whoever led a session and was not there is not credited with it. Anybody may facilitate: some are drawn, from $4 on
-- and round again, and $5 among them where somebody is asked for by name.
WITH drawn AS (
    SELECT person_id FROM people WHERE person_id = $5::uuid
    UNION ALL
    (SELECT person_id FROM people
     WHERE facilitator_ready AND status = 'active' AND md5(person_id::text) >= $4 ORDER BY md5(person_id::text) LIMIT $6)
    UNION ALL
    (SELECT person_id FROM people
     WHERE facilitator_ready AND status = 'active' AND md5(person_id::text) < $4 ORDER BY md5(person_id::text) LIMIT $6)
)
SELECT p.person_id, p.time_zone, p.work_starts, p.work_ends, p.work_days, p.time_budget_minutes, p.facilitator_since,
       coalesce(a.minutes, 0)::int AS assigned
FROM (SELECT DISTINCT person_id FROM (SELECT * FROM drawn LIMIT $6) AS first) AS chosen
JOIN people AS p USING (person_id)
LEFT JOIN LATERAL (
    SELECT sum(2 * extract(epoch FROM s.ends_at - s.starts_at) / 60) AS minutes
    FROM sessions AS s
    WHERE s.state <> 'cancelled' AND s.facilitator_id = p.person_id
      AND s.starts_at >= date_trunc('month', $2::timestamptz, 'UTC')
      AND s.starts_at < date_trunc('month', $2::timestamptz, 'UTC') + interval '1 month'
      AND NOT EXISTS (
          SELECT FROM participants AS t
          WHERE t.session_id = s.session_id AND t.person_id = s.facilitator_id AND t.state = 'no_show'
      )
) AS a ON true
WHERE p.facilitator_ready AND p.status = 'active' AND (p.paused_until IS NULL OR p.paused_until <= current_date)
  AND (p.leaves_on IS NULL OR p.leaves_on > $3::date) AND NOT p.person_id = ANY ($1::uuid[])

-- name: set_facilitator
UPDATE groups SET facilitator_id = $2, facilitator_why = $3 WHERE group_id = $1

-- name: set_upcoming
UPDATE sessions SET facilitator_id = $2, facilitator_why = $3 WHERE session_id = ANY ($1::uuid[])

-- name: replace_member
-- The one who facilitated is no member any more, the one who does is.
WITH gone AS (DELETE FROM group_members WHERE group_id = $1 AND role = 'facilitator')
INSERT INTO group_members (group_id, person_id, role) SELECT $1, $2::uuid, 'facilitator' WHERE $2 IS NOT NULL
ON CONFLICT (group_id, person_id) DO UPDATE SET role = 'facilitator'

-- name: conflicts
-- Groups whose facilitator is above somebody who takes part in a session of theirs that is still to come. $1: led by
-- these alone; $2: with a session before then alone; $3: founded ones alone.
SELECT DISTINCT s.group_id
FROM sessions AS s JOIN groups AS g USING (group_id)
WHERE s.state = 'scheduled' AND s.starts_at > now() AND s.facilitator_id IS NOT NULL
  AND ($1::uuid[] IS NULL OR s.facilitator_id = ANY ($1))
  AND ($2::timestamptz IS NULL OR s.starts_at < $2)
  AND (NOT $3::boolean OR g.match_id IS NULL)
  AND EXISTS (
      WITH RECURSIVE line AS (
          SELECT p.manager_id AS person_id FROM participants AS t JOIN people AS p USING (person_id)
          WHERE t.session_id = s.session_id AND t.person_id <> s.facilitator_id
            AND t.state NOT IN ('cancelled_early', 'cancelled_late') AND p.manager_id IS NOT NULL
          UNION
          SELECT p.manager_id FROM line AS l JOIN people AS p USING (person_id) WHERE p.manager_id IS NOT NULL
      )
      SELECT FROM line WHERE line.person_id = s.facilitator_id
  )
ORDER BY s.group_id LIMIT 500

-- name: unled
-- Active founded groups that lost their facilitator while sessions are to come.
SELECT g.group_id FROM groups AS g
WHERE g.kind = 'founded' AND g.state = 'active' AND g.facilitator_id IS NULL AND g.facilitator_why IS NOT NULL
  AND EXISTS (SELECT FROM sessions AS s WHERE s.group_id = g.group_id AND s.state = 'scheduled' AND s.starts_at > now())
ORDER BY g.group_id LIMIT 500
