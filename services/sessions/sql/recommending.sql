-- What may help somebody: resources for their gaps, sessions and groups that are open to them; what has grown old.

-- name: want_support
INSERT INTO extra_support (person_id, skill_id) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: forgo_support
DELETE FROM extra_support WHERE person_id = $1 AND skill_id = $2

-- name: is_skill
SELECT EXISTS (SELECT FROM skills WHERE skill_id = $1)

-- name: list_support
SELECT skill_id FROM extra_support WHERE person_id = $1 AND ($2::text IS NULL OR skill_id > $2)
ORDER BY skill_id LIMIT $3

-- name: resources
-- For each skill somebody wants, the widest gap first, the few that suit their level best. Easier ones come first for
-- whoever asked for support; what they have written or used already is left out.
SELECT k.item_id, k.kind, k.title, k.link, k.level, k.verified_on, k.quality, k.rated, w.skill_id, s.label, w.own_level,
       w.target, w.support, k.fit
FROM (
    SELECT need.skill_id, need.level AS own_level, need.target, EXISTS (
               SELECT FROM extra_support AS e WHERE e.person_id = p.person_id AND e.skill_id = need.skill_id
           ) AS support
    FROM people AS p CROSS JOIN LATERAL jsonb_to_recordset(p.needs) AS need (skill_id text, level int, target int)
    WHERE p.person_id = $1 AND need.target > need.level AND ($2::text IS NULL OR need.skill_id = $2)
    ORDER BY need.target - need.level DESC, need.skill_id LIMIT 20
) AS w
LEFT JOIN skills AS s USING (skill_id)
CROSS JOIN LATERAL (
    SELECT k.*, CASE WHEN k.level IS NULL THEN NOT w.support
                     WHEN w.support THEN k.level <= w.own_level
                     ELSE k.level BETWEEN w.own_level AND w.own_level + 1 END AS fit
    FROM knowledge AS k
    WHERE k.skills @> ARRAY[w.skill_id] AND k.state = 'current' AND k.scope = 'everybody'
      AND k.kind IN ('resource', 'lesson') AND k.author_id IS DISTINCT FROM $1
      AND NOT EXISTS (SELECT FROM knowledge_uses AS u WHERE u.item_id = k.item_id AND u.person_id = $1)
    ORDER BY fit DESC, k.verified_on IS NOT NULL DESC, k.quality DESC, k.item_id DESC LIMIT $3
) AS k
ORDER BY w.target - w.own_level DESC, w.skill_id, k.fit DESC, k.verified_on IS NOT NULL DESC, k.quality DESC,
         k.item_id DESC

-- name: discovery
-- Sessions of the next two months one may sign up for and groups one may join; about what one wants first, then about
-- what one knows, then the rest, each in order of time. Seats are counted in that order, until the page is full. $2: roles
-- without a seat.
WITH me AS (
    SELECT p.*, ARRAY(SELECT need ->> 'skill_id' FROM jsonb_array_elements(p.needs) AS need) AS wants
    FROM people AS p WHERE p.person_id = $1
), next AS (
    SELECT s.group_id, min(s.starts_at) AS starts_at FROM sessions AS s
    WHERE s.state = 'scheduled' AND s.starts_at > now() GROUP BY s.group_id
), offered AS (
    SELECT 'session' AS kind, s.session_id AS id, s.group_id, a.programme_id, coalesce(s.title, g.name) AS title,
           coalesce(s.format, g.format, a.format) AS format, told_skill(a.confidentiality, g.skill_id) AS skill_id,
           s.starts_at AS at, s.starts_at, a.name AS programme_name, s.capacity
    FROM me CROSS JOIN sessions AS s JOIN groups AS g USING (group_id)
    JOIN programmes AS a ON a.programme_id = s.programme_id JOIN people AS p ON p.person_id = me.person_id
    WHERE s.open AND s.state = 'scheduled' AND s.starts_at > now() AND s.starts_at < now() + interval '60 days'
      AND in_audience(p, a)
      AND NOT EXISTS (SELECT FROM participants AS t WHERE t.session_id = s.session_id AND t.person_id = $1)
    UNION ALL
    SELECT 'group', c.group_id, c.group_id, a.programme_id, c.name, coalesce(c.format, a.format),
           told_skill(a.confidentiality, c.skill_id), coalesce(n.starts_at, '2199-12-31'), n.starts_at, a.name,
           coalesce(c.capacity, a.group_size_max)
    FROM me CROSS JOIN groups AS c JOIN programmes AS a USING (programme_id) JOIN people AS p ON p.person_id = me.person_id
    LEFT JOIN next AS n USING (group_id)
    WHERE c.kind = 'founded' AND c.state = 'active' AND c.membership <> 'fixed' AND a.status = 'published'
      AND in_audience(p, a)
      AND NOT EXISTS (SELECT FROM group_members AS m WHERE m.group_id = c.group_id AND m.person_id = $1)
), ranked AS (
    SELECT o.*, CASE WHEN o.skill_id = ANY (me.wants) THEN 0 WHEN o.skill_id = ANY (me.knows) THEN 1 ELSE 2 END AS turn
    FROM offered AS o CROSS JOIN me
), shown AS (
    SELECT r.*, f.free_seats
    FROM (
        SELECT * FROM ranked WHERE $3::int IS NULL OR (turn, at, id) > ($3, $4::timestamptz, $5::uuid)
        ORDER BY turn, at, id
    ) AS r CROSS JOIN LATERAL (
        SELECT (r.capacity - CASE r.kind
            WHEN 'session' THEN (
                SELECT count(*) FROM participants AS t
                WHERE t.session_id = r.id AND t.state = 'registered' AND NOT t.role = ANY ($2::text[])
            )
            ELSE (SELECT count(*) FROM group_members AS m WHERE m.group_id = r.id) END)::int AS free_seats
    ) AS f
    WHERE f.free_seats > 0
    ORDER BY r.turn, r.at, r.id LIMIT $6
)
SELECT shown.*, coalesce(shown.starts_at < now() + interval '7 days', false) AS soon, EXISTS (
           SELECT FROM group_members AS m
           JOIN participants AS theirs ON theirs.person_id = m.person_id AND theirs.state = 'attended'
           JOIN participants AS mine USING (session_id)
           WHERE m.group_id = shown.group_id AND m.person_id <> $1 AND mine.person_id = $1 AND mine.state = 'attended'
       ) AS known
FROM shown ORDER BY turn, at, id

-- name: stale
-- What nobody has renewed for so many months ($1), longest first: resources, playbooks in use, and topics of programmes
-- that nothing new was left for. $2: who answers for it, null for all.
WITH topic AS (
    SELECT g.programme_id, skill.skill_id, g.sponsor_id, g.name, greatest(g.published_on, max(k.fresh_on)) AS fresh_on
    FROM programmes AS g CROSS JOIN LATERAL unnest(g.skills) AS skill (skill_id)
    LEFT JOIN LATERAL (
        SELECT coalesce(k.refreshed_on, greatest(k.written_on, k.verified_on)) AS fresh_on FROM knowledge AS k
        WHERE k.skills @> ARRAY[skill.skill_id] AND k.state = 'current' AND k.scope = 'everybody'
    ) AS k ON true
    WHERE g.status = 'published' AND g.published_on IS NOT NULL
    GROUP BY g.programme_id, skill.skill_id
), found AS (
    (
        SELECT 'resource' AS kind, k.item_id::text AS subject, k.title, k.skills AS skills, k.author_id AS answers,
               coalesce(k.refreshed_on, greatest(k.written_on, k.verified_on)) AS fresh_on
        FROM knowledge AS k
        WHERE k.state = 'current' AND k.scope = 'everybody' AND k.kind IN ('resource', 'lesson')
          AND coalesce(k.refreshed_on, greatest(k.written_on, k.verified_on)) < current_date - make_interval(months => $1)
          AND coalesce(k.refreshed_on, greatest(k.written_on, k.verified_on)) >= coalesce($3::date, '-infinity')
          AND ($2::uuid IS NULL OR k.author_id = $2)
          AND ($3 IS NULL
               OR (coalesce(k.refreshed_on, greatest(k.written_on, k.verified_on)), 'resource', k.item_id::text)
                  > ($3, $4::text, $5::text))
        ORDER BY coalesce(k.refreshed_on, greatest(k.written_on, k.verified_on)), k.item_id::text LIMIT $6
    )
    UNION ALL
    SELECT 'playbook', g.format, g.format, '{}', NULL,
           greatest(min(g.published_on), (SELECT max(b.written_on) FROM playbooks AS b WHERE b.format = g.format))
    FROM programmes AS g WHERE g.status = 'published' AND g.published_on IS NOT NULL GROUP BY g.format
    UNION ALL
    SELECT 'topic', topic.programme_id || ' ' || topic.skill_id, topic.name, ARRAY[topic.skill_id], topic.sponsor_id,
           topic.fresh_on
    FROM topic
)
SELECT kind, subject, title, skills, fresh_on FROM found
WHERE fresh_on < current_date - make_interval(months => $1) AND ($2::uuid IS NULL OR answers = $2)
  AND ($3::date IS NULL OR (fresh_on, kind, subject) > ($3, $4, $5))
ORDER BY fresh_on, kind, subject LIMIT $6

-- name: count_needs
-- What is told moves only when five people more or fewer want a skill, and then to a multiple of five.
WITH counted AS (
    SELECT need.skill_id, count(*)::int AS people
    FROM people AS p CROSS JOIN LATERAL jsonb_to_recordset(p.needs) AS need (skill_id text)
    WHERE p.status = 'active' GROUP BY need.skill_id
), told AS (
    SELECT DISTINCT ON (skill_id) skill_id, people FROM need_counts ORDER BY skill_id, month DESC
), now_told AS (
    SELECT skill_id, CASE WHEN abs(coalesce(counted.people, 0) - coalesce(told.people, 0)) >= 5
               THEN coalesce(counted.people, 0) / 5 * 5 ELSE coalesce(told.people, 0) END AS people
    FROM counted FULL JOIN told USING (skill_id)
), written AS (
    INSERT INTO need_counts AS kept (skill_id, month, people)
    SELECT skill_id, date_trunc('month', current_date)::date, people FROM now_told
    WHERE people > 0 OR EXISTS (SELECT FROM told WHERE told.skill_id = now_told.skill_id AND told.people > 0)
    ORDER BY skill_id
    ON CONFLICT (skill_id, month) DO UPDATE SET people = excluded.people WHERE kept.people <> excluded.people
    RETURNING 1
)
SELECT count(*)::int FROM written

-- name: trending
-- Skills that more people want than so many months ago ($1), by how many more.
SELECT new.skill_id, coalesce(s.label, new.skill_id) AS label, new.people, new.people - coalesce(old.people, 0) AS growth
FROM need_counts AS new LEFT JOIN skills AS s USING (skill_id)
LEFT JOIN LATERAL (
    SELECT o.people FROM need_counts AS o
    WHERE o.skill_id = new.skill_id AND o.month <= date_trunc('month', current_date) - make_interval(months => $1)
    ORDER BY o.month DESC LIMIT 1
) AS old ON true
WHERE new.month = (SELECT max(month) FROM need_counts) AND new.people > coalesce(old.people, 0)
  AND ($2::int IS NULL OR (coalesce(old.people, 0) - new.people, new.skill_id) > (-$2, $3::text))
ORDER BY growth DESC, new.skill_id LIMIT $4
