-- Knowledge at risk, and the sessions that keep it.

-- name: open_at_risk
-- Of these people ($1 null: of all) each skill that at most $2 know who do not leave within $3 days, they among them.
WITH leavers AS (
    SELECT p.person_id, p.leaves_on, skill_id FROM people AS p CROSS JOIN unnest(p.knows) AS skill_id
    WHERE p.status = 'active' AND p.leaves_on BETWEEN current_date + 1 AND current_date + $3::int
      AND ($1::uuid[] IS NULL OR p.person_id = ANY ($1))
), at_risk AS (
    SELECT l.person_id, l.leaves_on, l.skill_id FROM leavers AS l
    WHERE (
        SELECT count(*) FROM (
            SELECT FROM people AS o
            WHERE o.knows @> ARRAY[l.skill_id] AND o.status = 'active' AND o.person_id <> l.person_id
              AND (o.leaves_on IS NULL OR o.leaves_on > current_date + $3)
            LIMIT $2
        ) AS others
    ) < $2::int
), opened AS (
    INSERT INTO captures (capture_id, skill_id, holder_id, reason, due_on)
    SELECT gen_random_uuid(), r.skill_id, r.person_id, 'leaving', r.leaves_on - 1 FROM at_risk AS r
    WHERE NOT EXISTS (
        SELECT FROM captures AS c
        WHERE c.holder_id = r.person_id AND c.skill_id = r.skill_id AND (c.state <> 'dropped' OR c.why = 'declined')
    )
    ORDER BY r.person_id, r.skill_id
    ON CONFLICT DO NOTHING RETURNING capture_id, holder_id
), told AS (
    INSERT INTO messages (person_id, kind, subject_id, about, expires_at)
    SELECT holder_id, 'notice', capture_id, 'capture', now() + interval '14 days' FROM opened
    ON CONFLICT DO NOTHING
)
SELECT capture_id FROM opened

-- name: settle
-- Captured once a session of its group was held; dropped when its holder stays; missed when the day has passed.
WITH outcome AS (
    SELECT c.capture_id, CASE
        WHEN EXISTS (SELECT FROM sessions AS s WHERE s.group_id = c.group_id AND s.state = 'held') THEN 'captured'
        WHEN c.due_on < current_date OR coalesce(p.status, 'left') = 'left' THEN 'missed'
        WHEN c.reason = 'leaving' AND p.leaves_on IS NULL THEN 'dropped'
        WHEN c.state = 'planned' AND NOT EXISTS (
            SELECT FROM sessions AS s WHERE s.group_id = c.group_id AND s.state <> 'cancelled'
        ) THEN 'waiting'
    END AS state
    FROM captures AS c LEFT JOIN people AS p ON p.person_id = c.holder_id
    WHERE c.state IN ('waiting', 'planned')
)
UPDATE captures AS c SET state = o.state, group_id = CASE WHEN o.state <> 'waiting' THEN c.group_id END,
    why = CASE o.state WHEN 'dropped' THEN 'stays' WHEN 'waiting' THEN 'its session was cancelled' END
FROM outcome AS o WHERE c.capture_id = o.capture_id AND o.state IS NOT NULL

-- name: ask
INSERT INTO captures (capture_id, skill_id, holder_id, reason, due_on, asked_by) VALUES ($1, $2, $3, 'asked', $4, $5)
ON CONFLICT DO NOTHING RETURNING true

-- name: works_here
SELECT EXISTS (SELECT FROM people WHERE person_id = $1 AND status <> 'left')

-- name: running
SELECT state FROM captures WHERE holder_id = $1 AND skill_id = $2 AND state IN ('waiting', 'planned')

-- name: is_skill
SELECT EXISTS (SELECT FROM skills WHERE skill_id = $1)

-- name: lock
-- $2 is the caller, unless null: whoever oversees sees all.
SELECT c.capture_id, c.skill_id, c.holder_id, c.reason, c.state, c.due_on, coalesce(s.label, c.skill_id) AS label
FROM captures AS c LEFT JOIN skills AS s USING (skill_id)
WHERE c.capture_id = $1 AND ($2::uuid IS NULL OR c.holder_id = $2) FOR UPDATE OF c

-- name: lock_waiting
-- Those due first; what could not be planned is tried again when everything else was.
SELECT c.capture_id FROM captures AS c WHERE c.state = 'waiting' AND c.due_on >= current_date
ORDER BY c.why IS NOT NULL, c.due_on, c.capture_id LIMIT $1 FOR UPDATE SKIP LOCKED

-- name: programme_for
-- The oldest published programme with such a format ($2) that is about the skill or about any, and for its holder.
SELECT g.programme_id, greatest(current_date + 1, g.starts_on) AS first_on, least(c.due_on, g.ends_on) AS last_on,
       g.group_size_max, f.format, f.format = g.format AS is_main
FROM captures AS c JOIN people AS p ON p.person_id = c.holder_id
JOIN programmes AS g ON g.status = 'published' AND in_audience(p, g)
CROSS JOIN LATERAL (
    SELECT f.format, f.place FROM unnest(g.format || g.further_formats) WITH ORDINALITY AS f (format, place)
    WHERE f.format = ANY ($2::text[]) ORDER BY f.place LIMIT 1
) AS f
WHERE c.capture_id = $1 AND (g.skills = '{}' OR g.skills @> ARRAY[c.skill_id])
  AND greatest(current_date + 1, g.starts_on) <= least(c.due_on, g.ends_on)
ORDER BY g.skills = '{}', g.programme_id LIMIT 1

-- name: learners
-- Who wants the skill and does not know it yet, stays, and is in the programme's audience; of the holder's unit first.
SELECT p.person_id FROM people AS p
JOIN programmes AS g ON g.programme_id = $2 JOIN people AS h ON h.person_id = $1
WHERE p.skills @> ARRAY[$3::text] AND NOT p.knows @> ARRAY[$3] AND p.person_id <> $1 AND in_audience(p, g)
  AND (p.leaves_on IS NULL OR p.leaves_on > current_date + 90)
ORDER BY p.unit_path = h.unit_path DESC, p.division = h.division DESC, p.person_id LIMIT $4

-- name: set_state
UPDATE captures SET state = $2, why = $3, group_id = coalesce($4, group_id) WHERE capture_id = $1

-- name: list
SELECT c.capture_id, c.skill_id, c.holder_id, c.reason, c.state, c.why, c.due_on, c.group_id, c.opened_on,
       ARRAY(SELECT k.item_id FROM knowledge AS k
             WHERE k.capture_id = c.capture_id AND k.state = 'current' AND k.scope = 'everybody' ORDER BY k.item_id) AS items
FROM captures AS c
WHERE ($1::uuid IS NULL OR c.capture_id = $1) AND ($2::uuid IS NULL OR c.holder_id = $2)
  AND ($3::text IS NULL OR c.state = $3) AND ($4::text IS NULL OR c.skill_id = $4)
  AND ($5::uuid IS NULL OR c.capture_id > $5)
ORDER BY c.capture_id LIMIT $6
