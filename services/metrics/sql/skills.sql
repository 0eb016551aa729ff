-- What people can do, and what is shown of it.

-- name: apply_person_skills
-- After `apply_membership` in the same transaction: it has the newest version of everybody.
WITH told AS (
    SELECT * FROM jsonb_to_recordset($1) AS told (person_id uuid, version int, leaves_on date, skills jsonb)
    WHERE NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = told.person_id)
        AND NOT EXISTS (
            SELECT FROM membership AS kept WHERE kept.person_id = told.person_id AND kept.version > told.version
        )
),
stated AS (
    SELECT person_id, leaves_on, skill.* FROM told
    CROSS JOIN LATERAL jsonb_to_recordset(skills) AS skill (
        skill_id text, level smallint, target smallint, teaches smallint
    )
),
gone AS (
    UPDATE person_skills AS kept SET present = false, changed_by = pg_current_xact_id()
    FROM told
    WHERE kept.person_id = told.person_id AND kept.present AND NOT EXISTS (
        SELECT FROM stated WHERE (stated.person_id, stated.skill_id) = (kept.person_id, kept.skill_id)
    )
)
INSERT INTO person_skills AS kept (
    person_id, skill_id, level, target, teaches, leaves_on, present, first_target, first_gap
)
SELECT person_id, skill_id, level, target, teaches, leaves_on, true, target, greatest(target - level, 0) FROM stated
ORDER BY person_id, skill_id
ON CONFLICT (person_id, skill_id) DO UPDATE SET
    level = excluded.level, target = excluded.target, teaches = excluded.teaches, leaves_on = excluded.leaves_on,
    present = true, first_target = coalesce(kept.first_target, excluded.first_target),
    first_gap = CASE WHEN kept.first_target IS NULL THEN excluded.first_gap ELSE kept.first_gap END,
    changed_by = excluded.changed_by
WHERE (kept.level, kept.target, kept.teaches, kept.leaves_on, kept.present)
    IS DISTINCT FROM (excluded.level, excluded.target, excluded.teaches, excluded.leaves_on, true)

-- name: erase_person_skills
UPDATE person_skills AS kept SET person_id = pseudonym, present = false, changed_by = pg_current_xact_id()
FROM unnest($1::uuid[], $2::uuid[]) AS people (person_id, pseudonym)
WHERE kept.person_id = people.person_id
RETURNING people.person_id

-- name: due
-- Whether skills have changed since the last look, or an hour has gone: activity changes by itself.
SELECT CASE WHEN last.seen IS NULL THEN EXISTS (SELECT FROM person_skills) ELSE
    last.looked_at < now() - interval '1 hour' OR EXISTS (
        SELECT FROM person_skills WHERE changed_by::text::bigint >= pg_snapshot_xmin(last.seen)::text::bigint
            AND NOT pg_visible_in_snapshot(changed_by, last.seen)
    ) END
FROM (VALUES (1)) AS always LEFT JOIN (SELECT seen, looked_at FROM skill_looks) AS last ON true

-- name: count_skills
-- Every skill of anybody's. `changed` are people whose skills the cell has not seen; null for a skill without a cell.
WITH active AS (
    SELECT DISTINCT person_id FROM participations
    WHERE month >= date_trunc('month', current_date - 90)::date AND month <= current_date
        AND starts_at >= now() - interval '90 days' AND state = 'attended'
),
lowest AS (
    SELECT skill_id, min(target) AS target FROM person_skills WHERE present AND target > level GROUP BY skill_id
)
SELECT own.skill_id,
    count(*) FILTER (WHERE present AND own.target IS NOT NULL)::int AS people,
    coalesce(sum(greatest(own.target - level, 0)) FILTER (WHERE present), 0)::int AS gap,
    coalesce(min(greatest(own.target - level, 0)) FILTER (WHERE present AND own.target IS NOT NULL)
        = max(greatest(own.target - level, 0)) FILTER (WHERE present AND own.target IS NOT NULL), true) AS alike,
    count(*) FILTER (WHERE present AND own.target > level)::int AS wanting,
    count(*) FILTER (WHERE present AND teaches >= least(coalesce(lowest.target, 0) + 1, 5))::int AS teachers,
    count(*) FILTER (WHERE own.first_gap > 0)::int AS cohort,
    coalesce(sum(own.first_gap), 0)::int AS first_gap,
    coalesce(sum(greatest(first_target - level, 0)) FILTER (WHERE own.first_gap > 0), 0)::int AS left_gap,
    coalesce(sum(own.target - first_target) FILTER (WHERE own.first_gap > 0), 0)::int AS drift,
    count(*) FILTER (WHERE present AND level >= $1)::int AS experts,
    count(*) FILTER (WHERE present AND level >= $1 AND (leaves_on IS NULL OR leaves_on > current_date + 90))::int
        AS staying,
    count(active.person_id) FILTER (
        WHERE present AND level >= $1 AND (leaves_on IS NULL OR leaves_on > current_date + 90)
    )::int AS active,
    CASE WHEN cell.skill_id IS NOT NULL THEN
        (count(*) FILTER (WHERE NOT pg_visible_in_snapshot(changed_by, cell.seen)))::int END AS changed,
    pg_current_snapshot()::text AS seen
FROM person_skills AS own
LEFT JOIN skill_cells AS cell ON cell.skill_id = own.skill_id LEFT JOIN lowest ON lowest.skill_id = own.skill_id
LEFT JOIN active USING (person_id)
GROUP BY own.skill_id, cell.skill_id
ORDER BY own.skill_id

-- name: people_of_new_skills
SELECT count(DISTINCT person_id) FROM person_skills
WHERE NOT EXISTS (SELECT FROM skill_cells AS cell WHERE cell.skill_id = person_skills.skill_id)

-- name: store_cells
INSERT INTO skill_cells (
    skill_id, people, gap, alike, wanting, teachers, cohort, first_gap, left_gap, drift, experts, staying, active, seen
)
SELECT skill_id, people, gap, alike, wanting, teachers, cohort, first_gap, left_gap, drift, experts, staying, active,
    seen::pg_snapshot
FROM jsonb_to_recordset($1) AS counted (
    skill_id text, people int, gap int, alike boolean, wanting int, teachers int, cohort int, first_gap int,
    left_gap int, drift int, experts int, staying int, active int, seen text
)
ON CONFLICT (skill_id) DO UPDATE SET
    people = excluded.people, gap = excluded.gap, alike = excluded.alike, wanting = excluded.wanting,
    teachers = excluded.teachers, cohort = excluded.cohort, first_gap = excluded.first_gap,
    left_gap = excluded.left_gap, drift = excluded.drift, experts = excluded.experts, seen = excluded.seen,
    as_of = excluded.as_of

-- name: store_activity
UPDATE skill_cells AS cell SET active = counted.active, staying = counted.staying
FROM unnest($1::text[], $2::int[], $3::int[]) AS counted (skill_id, active, staying)
WHERE cell.skill_id = counted.skill_id AND (cell.active, cell.staying) IS DISTINCT FROM (counted.active, counted.staying)

-- name: store_look
INSERT INTO skill_looks (seen) VALUES ($1::text::pg_snapshot)
ON CONFLICT (one) DO UPDATE SET seen = excluded.seen, looked_at = now()

-- name: cells
SELECT cell.*, coalesce(staying, experts) AS stay, coalesce(label, skill_id) AS label FROM skill_cells AS cell LEFT JOIN skills USING (skill_id)
ORDER BY skill_id
