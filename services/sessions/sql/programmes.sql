-- Programmes.

-- name: insert_programme
INSERT INTO programmes (
    programme_id, version, status, name, objective, sponsor_id, format, modality, confidentiality, audience_units, skills,
    group_size_min, group_size_max, cadence_days, session_minutes, starts_on, ends_on, backfill, goals, ground_rules,
    audience_sites, audience_jobs, audience_skills, tenure_min_months, tenure_max_months, stretch_minutes, published_on,
    further_formats, audience_facilitators, template, template_version, audience_regions
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29, $30, $31, $32
)

-- name: update_programme
UPDATE programmes SET
    version = $2, status = $3, name = $4, objective = $5, sponsor_id = $6, format = $7, modality = $8,
    confidentiality = $9, audience_units = $10, skills = $11, group_size_min = $12, group_size_max = $13,
    cadence_days = $14, session_minutes = $15, starts_on = $16, ends_on = $17, backfill = $18, goals = $19,
    ground_rules = $20, audience_sites = $21, audience_jobs = $22, audience_skills = $23, tenure_min_months = $24,
    tenure_max_months = $25, stretch_minutes = $26, published_on = $27,
    further_formats = $28, audience_facilitators = $29, template = $30, template_version = $31, audience_regions = $32
WHERE programme_id = $1

-- name: set_join_template
UPDATE programmes SET join_template = $2 WHERE programme_id = $1

-- name: lock_programme
SELECT * FROM programmes WHERE programme_id = $1 FOR UPDATE

-- name: get_programmes
SELECT * FROM programmes WHERE programme_id = ANY ($1::uuid[])

-- name: get_programme
SELECT * FROM programmes WHERE programme_id = $1 AND ($2::boolean OR status <> 'draft')

-- name: list_programmes
SELECT * FROM programmes
WHERE ($1::boolean OR status <> 'draft')
  AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR format = $3 OR further_formats @> ARRAY[$3])
  AND ($4::uuid IS NULL OR programme_id > $4)
ORDER BY programme_id LIMIT $5

-- name: count_audience
SELECT count(*) FROM people AS p JOIN programmes AS g ON g.programme_id = $1 WHERE in_audience(p, g)

-- name: list_audience
SELECT p.person_id FROM people AS p JOIN programmes AS g ON g.programme_id = $1
WHERE in_audience(p, g) AND ($2::uuid IS NULL OR p.person_id > $2)
ORDER BY p.person_id LIMIT $3

-- name: is_in_audience
SELECT EXISTS (
    SELECT FROM people AS p JOIN programmes AS g ON g.programme_id = $1 WHERE p.person_id = $2 AND in_audience(p, g)
)

-- name: health
-- What red flags are made of, counted once. $2: the formats that need a facilitator.
SELECT g.published_on, EXISTS (
           SELECT FROM people AS p WHERE p.person_id = g.sponsor_id AND p.status <> 'left'
       )::int AS sponsor_there,
       (SELECT count(*) FROM people AS p WHERE in_audience(p, g)) AS audience,
       c.groups, c.unschedulable, c.silent, c.unled, s.unrecorded, s.flagged, s.seats, t.waiting, t.expected,
       t.attended, o.outside
FROM programmes AS g
CROSS JOIN LATERAL (
    SELECT count(*) AS groups, count(*) FILTER (WHERE c.state = 'unschedulable') AS unschedulable,
           count(*) FILTER (WHERE c.state = 'active' AND c.facilitator_id IS NULL
               AND coalesce(c.format, g.format) = ANY ($2::text[])) AS unled,
           count(*) FILTER (WHERE c.state = 'active' AND g.ends_on >= current_date
               AND coalesce(
                   greatest(
                       (SELECT max(s.starts_at) FROM sessions AS s
                        WHERE s.group_id = c.group_id AND s.starts_at < now() AND s.state <> 'cancelled'),
                       (SELECT max(o.day)::timestamptz FROM group_posts AS o
                        WHERE o.group_id = c.group_id AND o.posts > 0)
                   ),
                   greatest(g.starts_on, g.published_on)::timestamptz
               ) < now() - make_interval(hours => g.cadence_days * 36)) AS silent
    FROM groups AS c WHERE c.programme_id = g.programme_id AND c.kind <> 'log'
) AS c
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE s.state = 'scheduled' AND s.ends_at < now() - interval '7 days'
               AND NOT s.attendance_recorded) AS unrecorded,
           count(*) FILTER (WHERE s.state = 'scheduled' AND s.starts_at > now() AND s.flag IS NOT NULL) AS flagged,
           coalesce(sum(s.capacity) FILTER (WHERE s.state = 'scheduled' AND s.starts_at > now()), 0) AS seats
    FROM sessions AS s WHERE s.programme_id = g.programme_id
) AS s
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE t.state = 'waitlisted' AND s.starts_at > now()) AS waiting,
           count(*) FILTER (WHERE t.state IN ('attended', 'no_show', 'cancelled_late')) AS expected,
           count(*) FILTER (WHERE t.state = 'attended') AS attended
    FROM sessions AS s JOIN participants AS t USING (session_id) WHERE s.programme_id = g.programme_id
) AS t
CROSS JOIN LATERAL (
    SELECT count(*) AS outside
    FROM groups AS c JOIN group_members AS m USING (group_id) JOIN people AS p USING (person_id)
    WHERE c.programme_id = g.programme_id AND c.state <> 'ended' AND NOT in_audience(p, g)
      AND m.role <> 'facilitator'
) AS o
WHERE g.programme_id = $1

-- name: programmes_to_close
-- Over for a fortnight, so that attendance can still be recorded; months that are brought in stay open for it.
SELECT programme_id FROM programmes
WHERE status = 'published' AND NOT backfill AND ends_on < current_date - 14
ORDER BY programme_id LIMIT 100
