-- Where and how sessions are held, and what people need for them.

-- name: of_group
SELECT place, access, courses FROM groups WHERE group_id = $1

-- name: of_session
-- What holds for it: its own word before its group's.
SELECT coalesce(s.place, g.place) AS place, coalesce(s.access, g.access) AS access, g.courses || s.courses AS courses
FROM sessions AS s JOIN groups AS g USING (group_id) WHERE s.session_id = $1

-- name: arrange_group
UPDATE groups SET place = $2, access = $3, courses = $4
WHERE group_id = $1 AND (place, access, courses) IS DISTINCT FROM ($2::text, $3::text[], $4::jsonb)
RETURNING true

-- name: arrange_session
UPDATE sessions SET place = $2, access = $3, courses = $4
WHERE session_id = $1 AND (place, access, courses) IS DISTINCT FROM ($2::text, $3::text[], $4::jsonb)
RETURNING true

-- name: renew
-- A higher version invites anew.
UPDATE sessions SET version = version + 1, changed_at = now() WHERE session_id = ANY ($1::uuid[])

-- name: ask
-- Of one session, or of all of its group's that are ahead and that they take part in.
WITH asked AS (
    INSERT INTO accommodations (session_id, person_id, text)
    SELECT s.session_id, $2, $3
    FROM sessions AS one
    JOIN sessions AS s ON s.group_id = one.group_id AND ($4::boolean OR s.session_id = one.session_id)
    JOIN participants AS t ON t.session_id = s.session_id AND t.person_id = $2
    WHERE one.session_id = $1 AND s.state = 'scheduled' AND s.ends_at > now()
      AND t.state IN ('invited', 'registered', 'waitlisted')
    ORDER BY s.session_id
    ON CONFLICT (session_id, person_id) DO UPDATE SET text = excluded.text
    RETURNING session_id
), told AS (
    INSERT INTO messages (person_id, kind, subject_id, sequence, about, expires_at)
    SELECT leader.person_id, 'notice', $1, -1, 'accommodation', s.ends_at
    FROM sessions AS s JOIN groups AS g USING (group_id)
    CROSS JOIN LATERAL (SELECT s.facilitator_id UNION SELECT g.founded_by) AS leader (person_id)
    WHERE s.session_id = $1 AND leader.person_id <> $2 AND EXISTS (SELECT FROM asked)
    ON CONFLICT DO NOTHING
)
SELECT count(*)::int FROM asked

-- name: own_request
SELECT text FROM accommodations WHERE session_id = $1 AND person_id = $2

-- name: withdraw
DELETE FROM accommodations WHERE session_id = $1 AND person_id = $2 RETURNING true

-- name: reads_requests
-- The facilitator and whoever founded the group; where there is neither, ($3) whoever oversees programmes.
SELECT coalesce($2 IN (s.facilitator_id, g.founded_by), false)
    OR ($3::boolean AND s.facilitator_id IS NULL AND g.founded_by IS NULL)
FROM sessions AS s JOIN groups AS g USING (group_id) WHERE s.session_id = $1

-- name: list_requests
SELECT a.person_id, a.text FROM accommodations AS a JOIN participants AS t USING (session_id, person_id)
WHERE a.session_id = $1 AND t.state NOT IN ('cancelled_early', 'cancelled_late')
  AND ($2::uuid IS NULL OR a.person_id > $2)
ORDER BY a.person_id LIMIT $3

-- name: get_duties
SELECT coalesce((SELECT done FROM duties WHERE session_id = $1), '{}')

-- name: tick_duties
INSERT INTO duties (session_id, done) VALUES ($1, $2) ON CONFLICT (session_id) DO UPDATE SET done = excluded.done

-- name: alert_momentum
-- Groups that have neither met nor posted anything for one and a half times their cadence: who leads them is told once a silence, their members
-- where nobody leads.
WITH silent AS (
    SELECT g.group_id, g.facilitator_id, g.founded_by, last.met, p.cadence_days
    FROM groups AS g JOIN programmes AS p USING (programme_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(
            greatest(max(s.starts_at), (
                SELECT max(o.day)::timestamptz FROM group_posts AS o WHERE o.group_id = g.group_id AND o.posts > 0
            )), greatest(p.starts_on, p.published_on)::timestamptz
        ) AS met
        FROM sessions AS s WHERE s.group_id = g.group_id AND s.starts_at < now() AND s.state <> 'cancelled'
    ) AS last
    WHERE g.state = 'active' AND g.kind <> 'log' AND p.status = 'published' AND NOT p.backfill
      AND p.ends_on >= current_date AND last.met < now() - make_interval(hours => p.cadence_days * 36)
      AND EXISTS (SELECT FROM group_members AS m WHERE m.group_id = g.group_id)
      AND NOT EXISTS (
          SELECT FROM messages AS m
          WHERE m.kind = 'notice' AND m.subject_id = g.group_id AND m.about = 'momentum'
            AND m.sequence = to_char(last.met, 'YYYYMMDD')::int
      )
    ORDER BY g.group_id LIMIT 500
), told AS (
    INSERT INTO messages (person_id, kind, subject_id, sequence, about, expires_at)
    SELECT leader.person_id, 'notice', silent.group_id, to_char(met, 'YYYYMMDD')::int, 'momentum',
           now() + interval '14 days'
    FROM silent CROSS JOIN LATERAL (
        SELECT facilitator_id UNION SELECT founded_by
        UNION SELECT m.person_id FROM group_members AS m
        WHERE m.group_id = silent.group_id AND coalesce(facilitator_id, founded_by) IS NULL
    ) AS leader (person_id)
    WHERE leader.person_id IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*)::int FROM told
