-- Groups, their members and who has accepted the ground rules.

-- name: insert_groups
INSERT INTO groups (
    group_id, programme_id, match_id, match_version, kind, skill_id, state, facilitator_id, facilitator_why,
    rules_version, rules_text, likeness
)
SELECT new.group_id, new.programme_id, new.match_id, new.match_version, new.kind, new.skill_id, 'waiting',
       new.facilitator_id, CASE WHEN new.facilitator_id IS NOT NULL THEN $9 END, 1, p.ground_rules, new.likeness
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::uuid[], $8::text[])
    AS new (group_id, programme_id, match_id, match_version, kind, skill_id, facilitator_id, likeness)
JOIN programmes AS p USING (programme_id)
ORDER BY new.match_id
ON CONFLICT (match_id) DO NOTHING
RETURNING group_id

-- name: lock_groups
-- Everything planning needs of groups in a state ($2) and their programmes.
SELECT g.group_id, g.match_id, g.kind, told_skill(p.confidentiality, g.skill_id) AS skill_id,
       told_courses(p.confidentiality, g.courses, '[]') AS courses,
       g.facilitator_id, g.facilitator_why, p.programme_id, coalesce(g.format, p.format) AS format, p.group_size_max,
       p.cadence_days, p.session_minutes, greatest(g.term_starts_on, p.starts_on) AS starts_on,
       least(g.term_ends_on, p.ends_on) AS ends_on, p.backfill, p.stretch_minutes, g.reason, g.extend_after,
       (SELECT jsonb_agg(jsonb_build_object('person_id', m.person_id, 'role', m.role) ORDER BY m.person_id)
        FROM group_members AS m WHERE m.group_id = g.group_id) AS members
FROM groups AS g JOIN programmes AS p USING (programme_id)
WHERE g.group_id = ANY ($1::uuid[]) AND g.state = $2
ORDER BY g.match_id FOR UPDATE OF g

-- name: lock_groups_of_matches
SELECT group_id, match_id, match_version, state FROM groups WHERE match_id = ANY ($1::uuid[])
ORDER BY match_id FOR UPDATE

-- name: plannable_groups
SELECT g.group_id FROM groups AS g
WHERE g.state = 'waiting' AND g.kind <> 'log' AND NOT EXISTS (
    SELECT FROM group_members AS m LEFT JOIN people AS p USING (person_id)
    WHERE m.group_id = g.group_id AND p.person_id IS NULL
)
ORDER BY g.group_id LIMIT 500

-- name: of_programme
SELECT group_id FROM groups WHERE programme_id = $1 AND state <> 'ended' ORDER BY group_id FOR UPDATE

-- name: note_longer
-- Groups of a programme that went on until $2 at most: those with sessions get more, those without are planned anew; one
-- that is being planned just now may not have seen the new end.
UPDATE groups SET state = CASE state WHEN 'unschedulable' THEN 'waiting' ELSE state END,
    extend_after = CASE WHEN state <> 'unschedulable' THEN least(extend_after, $2) END
WHERE programme_id = $1 AND match_id IS NOT NULL AND state <> 'ended'
  AND (term_ends_on IS NULL OR term_ends_on > $2)

-- name: to_extend
SELECT group_id FROM groups WHERE extend_after IS NOT NULL ORDER BY group_id LIMIT 500

-- name: extended
UPDATE groups SET extend_after = NULL WHERE group_id = ANY ($1::uuid[])

-- name: placed
-- What was placed for groups ($1) so far: the last due day, those that are settled (a session that was cancelled for lying
-- outside of the days $2 to $3, and not by somebody, is not), the next number, and when it lies.
SELECT s.group_id, max(s.due_on) AS last_due,
       coalesce(array_agg(s.due_on) FILTER (WHERE s.state <> 'cancelled' OR s.called_off
           OR (s.starts_at AT TIME ZONE 'UTC')::date BETWEEN old.first AND old.last), '{}') AS settled,
       (SELECT max(o.number) + 1 FROM sessions AS o WHERE o.group_id = s.group_id) AS next_number,
       coalesce(array_agg(s.starts_at ORDER BY s.starts_at) FILTER (WHERE s.state <> 'cancelled'), '{}') AS starts,
       coalesce(array_agg(s.ends_at ORDER BY s.starts_at) FILTER (WHERE s.state <> 'cancelled'), '{}') AS ends
FROM unnest($1::uuid[], $2::date[], $3::date[]) AS old (group_id, first, last) JOIN sessions AS s USING (group_id)
WHERE NOT s.fixed
GROUP BY s.group_id

-- name: set_states
UPDATE groups AS g SET state = new.state, reason = new.reason
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS new (group_id, state, reason)
WHERE g.group_id = new.group_id

-- name: end_groups
UPDATE groups AS g SET state = 'ended', reason = new.reason, match_version = new.match_version
FROM unnest($1::uuid[], $2::text[], $3::int[]) AS new (group_id, reason, match_version)
WHERE g.group_id = new.group_id

-- name: end_groups_of_programme
UPDATE groups SET state = 'ended', reason = $2 WHERE programme_id = $1 AND state <> 'ended' RETURNING group_id

-- name: set_facilitators
UPDATE groups AS g SET facilitator_id = new.facilitator_id, match_version = new.match_version,
    facilitator_why = CASE WHEN new.facilitator_id = g.facilitator_id THEN g.facilitator_why
                           WHEN new.facilitator_id IS NOT NULL THEN $4 END,
    state = CASE g.state WHEN 'unschedulable' THEN 'waiting' ELSE g.state END
FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS new (group_id, facilitator_id, match_version)
WHERE g.group_id = new.group_id

-- name: remove_members
DELETE FROM group_members WHERE group_id = ANY ($1::uuid[]) RETURNING group_id, person_id

-- name: remove_leavers
DELETE FROM group_members WHERE person_id = ANY ($1::uuid[])

-- name: clear_facilitators
UPDATE groups SET facilitator_id = NULL WHERE facilitator_id = ANY ($1::uuid[])

-- name: lock_membership
SELECT g.group_id, g.programme_id, g.state, g.rules_version
FROM groups AS g JOIN group_members AS m USING (group_id)
WHERE g.group_id = $1 AND m.person_id = $2
FOR UPDATE OF g

-- name: acknowledge
INSERT INTO acknowledgements AS a (group_id, person_id, rules_version) VALUES ($1, $2, $3)
ON CONFLICT (group_id, person_id) DO UPDATE SET rules_version = excluded.rules_version
WHERE a.rules_version < excluded.rules_version
RETURNING true

-- name: gathered
-- What kind of group a session ($2) is of, and how many are in either but for who facilitates.
SELECT g.kind, (
    SELECT count(*) FROM (
        SELECT m.person_id FROM group_members AS m WHERE m.group_id = $1 AND m.role <> 'facilitator'
        UNION SELECT t.person_id FROM participants AS t
        WHERE t.session_id = $2 AND t.role <> 'facilitator'
          AND t.state NOT IN ('waitlisted', 'cancelled_early', 'cancelled_late')
    ) AS one
) AS people
FROM groups AS g WHERE g.group_id = $1

-- name: has_acknowledged
SELECT EXISTS (
    SELECT FROM acknowledgements AS a JOIN groups AS g USING (group_id)
    WHERE a.group_id = $1 AND a.person_id = $2 AND a.rules_version = g.rules_version
)

-- name: list_groups
-- $1 is the one group asked for, $2 the caller unless they see all.
SELECT g.group_id, g.programme_id, g.match_id, g.kind, g.name, g.membership, g.capacity,
       coalesce(g.format, (SELECT p.format FROM programmes AS p WHERE p.programme_id = g.programme_id)) AS format,
       g.skill_id, g.state,
       g.reason, g.facilitator_id, g.facilitator_why, g.founded_by, g.recurrence,
       g.term_starts_on AS starts_on, g.term_ends_on AS ends_on,
       (SELECT count(DISTINCT p.division) FROM group_members AS m JOIN people AS p USING (person_id)
        WHERE m.group_id = g.group_id) AS divisions,
       jsonb_build_object('version', g.rules_version, 'text', g.rules_text) AS ground_rules,
       (SELECT count(*) FROM knowledge AS k
        WHERE k.group_id = g.group_id AND k.kind = 'resource' AND k.state = 'current') AS resources,
       (SELECT coalesce(sum(o.posts), 0) FROM group_posts AS o WHERE o.group_id = g.group_id) AS posts,
       coalesce(m.members, '[]') AS members, coalesce(a.acknowledged, '{}') AS acknowledged
FROM groups AS g
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('person_id', m.person_id, 'role', m.role) ORDER BY m.person_id) AS members
    FROM group_members AS m WHERE m.group_id = g.group_id
) AS m
CROSS JOIN LATERAL (
    SELECT array_agg(a.person_id ORDER BY a.person_id) AS acknowledged
    FROM acknowledgements AS a WHERE a.group_id = g.group_id AND a.rules_version = g.rules_version
) AS a
WHERE ($1::uuid IS NULL OR g.group_id = $1)
  AND ($2::uuid IS NULL OR EXISTS (SELECT FROM group_members AS m WHERE m.group_id = g.group_id AND m.person_id = $2))
  AND ($3::uuid IS NULL OR g.programme_id = $3)
  AND ($4::uuid IS NULL OR EXISTS (SELECT FROM group_members AS m WHERE m.group_id = g.group_id AND m.person_id = $4))
  AND ($5::uuid IS NULL OR g.group_id > $5)
ORDER BY g.group_id LIMIT $6
