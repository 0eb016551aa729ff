-- Groups that people found themselves: made, joined, left.

-- name: insert_group
INSERT INTO groups (
    group_id, programme_id, match_version, kind, skill_id, state, facilitator_id, rules_version, rules_text, name,
    founded_by, membership, capacity, format
)
SELECT $1, p.programme_id, 0, $3, $4, 'active', NULL, 1, p.ground_rules, $5, $6, $7, $8, $9
FROM programmes AS p WHERE p.programme_id = $2

-- name: lock_group
SELECT g.group_id, g.programme_id, g.match_id, g.kind, told_skill(p.confidentiality, g.skill_id) AS skill_id,
       told_courses(p.confidentiality, g.courses, '[]') AS courses, g.state, g.facilitator_id, g.founded_by,
       g.membership, g.name, coalesce(g.capacity, p.group_size_max) AS capacity,
       coalesce(g.format, p.format) AS format, p.format AS main_format, p.further_formats,
       greatest(g.term_starts_on, p.starts_on) AS starts_on, least(g.term_ends_on, p.ends_on) AS ends_on,
       p.backfill, p.session_minutes, p.cadence_days, p.stretch_minutes, p.confidentiality, p.status AS programme_status,
       p.modality
FROM groups AS g JOIN programmes AS p USING (programme_id)
WHERE g.group_id = $1 FOR UPDATE OF g

-- name: lock_to_date
-- Its programme's days, and its own of now.
SELECT g.state, p.starts_on, p.ends_on, greatest(g.term_starts_on, p.starts_on) AS first,
       least(g.term_ends_on, p.ends_on) AS last, coalesce(g.extend_after, p.ends_on) AS planned_until
FROM groups AS g JOIN programmes AS p USING (programme_id)
WHERE g.group_id = $1 FOR UPDATE OF g

-- name: set_term
UPDATE groups SET term_starts_on = $2, term_ends_on = $3 WHERE group_id = $1

-- name: get_group
SELECT g.group_id, g.founded_by, g.facilitator_id, coalesce(g.format, p.format) AS format, p.format AS main_format,
       p.session_minutes, p.stretch_minutes
FROM groups AS g JOIN programmes AS p USING (programme_id) WHERE g.group_id = $1

-- name: get_members
SELECT person_id, role FROM group_members WHERE group_id = $1 ORDER BY person_id

-- name: members_of
SELECT group_id, person_id, role FROM group_members WHERE group_id = ANY ($1::uuid[]) ORDER BY group_id, person_id

-- name: not_in_audience
SELECT asked.person_id FROM unnest($2::uuid[]) AS asked (person_id)
WHERE NOT EXISTS (
    SELECT FROM people AS p JOIN programmes AS g ON g.programme_id = $1
    WHERE p.person_id = asked.person_id AND in_audience(p, g)
)

-- name: insert_member
INSERT INTO group_members (group_id, person_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true

-- name: remove_member
DELETE FROM group_members WHERE group_id = $1 AND person_id = $2 RETURNING true

-- name: ask_to_join
INSERT INTO join_requests (group_id, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: close_request
DELETE FROM join_requests WHERE group_id = $1 AND person_id = $2 RETURNING true

-- name: list_requests
SELECT person_id, asked_at FROM join_requests
WHERE group_id = $1 AND ($2::uuid IS NULL OR person_id > $2)
ORDER BY person_id LIMIT $3

-- name: has_begun
SELECT EXISTS (SELECT FROM sessions WHERE group_id = $1 AND state <> 'cancelled' AND starts_at <= now())

-- name: list_joinable
-- Groups of published programmes that somebody is in the audience of, and not in yet.
SELECT c.group_id, c.programme_id, c.name, c.membership, coalesce(c.format, g.format) AS format, c.skill_id,
       coalesce(c.capacity, g.group_size_max) AS capacity, m.members,
       (SELECT min(s.starts_at) FROM sessions AS s
        WHERE s.group_id = c.group_id AND s.state = 'scheduled' AND s.starts_at > now()) AS next_session_at
FROM groups AS c JOIN programmes AS g USING (programme_id) JOIN people AS p ON p.person_id = $1
CROSS JOIN LATERAL (SELECT count(*) AS members FROM group_members AS m WHERE m.group_id = c.group_id) AS m
WHERE c.kind = 'founded' AND c.state = 'active' AND c.membership <> 'fixed' AND g.status = 'published'
  AND in_audience(p, g)
  AND NOT EXISTS (SELECT FROM group_members AS m WHERE m.group_id = c.group_id AND m.person_id = $1)
  AND ($2::uuid IS NULL OR c.programme_id = $2)
  AND ($3::text IS NULL OR c.skill_id = $3)
  AND ($4::uuid IS NULL OR c.group_id > $4)
ORDER BY c.group_id LIMIT $5

-- name: is_linked
SELECT EXISTS (SELECT FROM artefacts WHERE group_id = $1 AND kind = 'link')

-- name: count_posts
INSERT INTO group_posts (group_id, day, posts) VALUES ($1, $2, $3)
ON CONFLICT (group_id, day) DO UPDATE SET posts = excluded.posts

-- name: functions_of
SELECT DISTINCT job_function FROM people WHERE person_id = ANY ($1::uuid[])

-- name: next_number
SELECT coalesce(max(number), -1) + 1 FROM sessions WHERE group_id = $1

-- name: set_recurrence
UPDATE groups SET recurrence = $2 WHERE group_id = $1 AND recurrence IS NULL RETURNING true

-- name: slots_to_release
-- Slots nobody has booked by the time their host was promised to have it back.
SELECT s.session_id, s.version, s.state, s.programme_id, s.group_id, g.match_id,
       coalesce(s.format, g.format, p.format) AS format,
       told_skill(p.confidentiality, g.skill_id) AS skill_id,
       told_courses(p.confidentiality, g.courses, s.courses) AS courses,
       s.starts_at, s.ends_at, s.capacity, s.facilitator_id
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
WHERE s.state = 'scheduled' AND s.release_at <= now() AND s.starts_at > now() AND NOT EXISTS (
    SELECT FROM participants AS t WHERE t.session_id = s.session_id AND t.role <> 'host' AND t.state = 'registered'
)
ORDER BY s.session_id LIMIT 500 FOR UPDATE OF s

-- name: ad_hoc_programme
-- The programme a quick log belongs to when none is named: the oldest one that is for its writer.
SELECT g.programme_id, g.format FROM programmes AS g JOIN people AS p ON p.person_id = $1
WHERE g.status = 'published' AND (g.format = 'ad_hoc' OR 'ad_hoc' = ANY (g.further_formats)) AND in_audience(p, g)
  AND ($2::uuid IS NULL OR g.programme_id = $2)
ORDER BY g.programme_id LIMIT 1

-- name: stale_logs
SELECT s.session_id, s.group_id FROM sessions AS s JOIN groups AS g USING (group_id)
WHERE g.kind = 'log' AND g.state = 'waiting' AND s.state = 'scheduled' AND s.changed_at < now() - interval '14 days'
ORDER BY s.session_id LIMIT 500 FOR UPDATE OF s

-- name: drop_log
UPDATE sessions SET state = 'cancelled', version = version + 1, changed_at = now() WHERE session_id = ANY ($1::uuid[])

-- name: list_logs
SELECT s.session_id, s.title, s.starts_at, s.ends_at, g.skill_id, g.founded_by AS logged_by,
       coalesce(g.reason, 'waiting') AS state,
       ARRAY(SELECT t.person_id FROM participants AS t WHERE t.session_id = s.session_id ORDER BY t.person_id) AS people
FROM participants AS me JOIN sessions AS s USING (session_id) JOIN groups AS g USING (group_id)
WHERE me.person_id = $1 AND g.kind = 'log' AND ($2::uuid IS NULL OR s.session_id = $2)
  AND ($3::uuid IS NULL OR s.session_id > $3)
ORDER BY s.session_id LIMIT $4
