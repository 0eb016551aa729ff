-- Calendar feeds and invitations.

-- name: save_feed
INSERT INTO calendar_feeds (person_id, token_hash) VALUES ($1, $2)
ON CONFLICT (person_id) DO UPDATE SET token_hash = excluded.token_hash

-- name: person_of_feed
SELECT person_id FROM calendar_feeds WHERE token_hash = $1

-- name: entries
-- A person's own sessions: all that are near (feed), or the one asked for (invitation).
SELECT s.session_id, s.version, s.state, s.starts_at, s.ends_at, s.changed_at, s.title AS named,
       p.name AS programme_name,
       coalesce(s.format, g.format, p.format) AS format, p.confidentiality, k.label AS skill,
       s.location, join_link_of(s.join_link, p.join_template, s.session_id) AS join_link,
       coalesce(s.place, g.place) AS place, coalesce(s.access, g.access) AS access,
       told_courses(p.confidentiality, g.courses, s.courses) AS courses,
       t.role,
       t.state AS answer, c.display_name, c.email
FROM participants AS t
JOIN sessions AS s USING (session_id)
JOIN groups AS g USING (group_id)
JOIN programmes AS p ON p.programme_id = s.programme_id
LEFT JOIN skills AS k ON k.skill_id = g.skill_id
LEFT JOIN contacts AS c ON c.person_id = t.person_id
WHERE t.person_id = $1 AND ($2::uuid IS NULL OR s.session_id = $2)
  AND ($2 IS NOT NULL OR (
      s.starts_at > now() - interval '31 days' AND s.state <> 'cancelled'
      AND t.state NOT IN ('cancelled_early', 'cancelled_late')
  ))
ORDER BY s.starts_at, s.session_id LIMIT 1000

-- name: revoke_feed
DELETE FROM calendar_feeds WHERE person_id = $1

-- name: series
-- A group's sessions as one of its members sees them, in order.
SELECT s.session_id, s.version, s.state, s.starts_at, s.ends_at, s.changed_at, s.title AS named,
       p.name AS programme_name,
       coalesce(s.format, g.format, p.format) AS format, p.confidentiality, k.label AS skill,
       s.location, join_link_of(s.join_link, p.join_template, s.session_id) AS join_link,
       coalesce(s.place, g.place) AS place, coalesce(s.access, g.access) AS access,
       told_courses(p.confidentiality, g.courses, s.courses) AS courses,
       coalesce(t.role, 'participant') AS role, coalesce(t.state, 'invited') AS answer, s.occurrence,
       NULL AS display_name, NULL AS email
FROM groups AS g
JOIN programmes AS p USING (programme_id)
JOIN sessions AS s USING (group_id)
LEFT JOIN participants AS t ON t.session_id = s.session_id AND t.person_id = $2
LEFT JOIN skills AS k ON k.skill_id = g.skill_id
WHERE g.group_id = $1
ORDER BY s.starts_at, s.session_id LIMIT 1000

-- name: series_frame
SELECT p.cadence_days, h.time_zone, g.recurrence
FROM groups AS g JOIN programmes AS p USING (programme_id)
JOIN group_members AS m ON m.group_id = g.group_id AND m.person_id = $2
LEFT JOIN people AS h ON h.person_id = m.person_id
WHERE g.group_id = $1
