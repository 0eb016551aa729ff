-- What other services tell in sums, or of people to count with them.

-- name: apply_help
-- Events of a request come in any order: it was asked for at the earliest time that any of them tells.
INSERT INTO help_requests AS kept (request_id, asked_at, seconds, outcome)
SELECT request_id, min(asked_at), max(seconds), max(outcome)
FROM jsonb_to_recordset($1) AS incoming (request_id uuid, asked_at timestamptz, seconds int, outcome text)
GROUP BY request_id ORDER BY request_id
ON CONFLICT (request_id) DO UPDATE SET
    asked_at = least(kept.asked_at, excluded.asked_at), seconds = coalesce(kept.seconds, excluded.seconds),
    outcome = coalesce(kept.outcome, excluded.outcome)
WHERE excluded.asked_at < kept.asked_at OR kept.seconds IS NULL OR kept.outcome IS NULL

-- name: apply_knowledge
INSERT INTO knowledge_uses AS kept (item_id, month, version, programme_id, people, uses)
SELECT item_id, month, version, programme_id, people, uses
FROM jsonb_to_recordset($1) AS incoming (
    item_id uuid, month date, version int, programme_id uuid, people int, uses int
)
ORDER BY item_id, month
ON CONFLICT (item_id, month) DO UPDATE SET
    version = excluded.version, programme_id = excluded.programme_id, people = excluded.people, uses = excluded.uses
WHERE kept.version < excluded.version

-- name: apply_form_answers
INSERT INTO form_answers (batch_id, programme_id, format, division, form_id, form_version, month, means, recommended)
SELECT batch_id, programme_id, format, division, form_id, form_version, month, means, recommended
FROM jsonb_to_recordset($1) AS incoming (
    batch_id uuid, programme_id uuid, format text, division text, form_id uuid, form_version int, month date,
    means float8[], recommended int[]
)
ON CONFLICT DO NOTHING

-- name: apply_survey_items
INSERT INTO survey_items (
    survey_id, arm, part, code, programme_id, month, pairs, change, least_change, most_change, gaining, gain, kept,
    kept_after, kept_later, least_kept, most_kept
)
SELECT survey_id, arm, part, code, programme_id, month, pairs, change, least_change, most_change, gaining, gain, kept,
    kept_after, kept_later, least_kept, most_kept
FROM jsonb_to_recordset($1) AS incoming (
    survey_id uuid, arm text, part int, code text, programme_id uuid, month date, pairs int, change int,
    least_change int, most_change int, gaining int, gain float8, kept int, kept_after int, kept_later int,
    least_kept int, most_kept int
)
ON CONFLICT DO NOTHING

-- name: apply_facilitation
INSERT INTO facilitation (batch_id, programme_id, month, answers, total, least, most)
SELECT batch_id, programme_id, month, answers, total, least, most
FROM jsonb_to_recordset($1) AS incoming (
    batch_id uuid, programme_id uuid, month date, answers int, total float8, least float8, most float8
)
ON CONFLICT DO NOTHING

-- name: apply_acknowledgements
INSERT INTO acknowledgements AS kept (group_id, person_id, version)
SELECT group_id, person_id, max(version)
FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS incoming (group_id, person_id, version)
WHERE NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = incoming.person_id)
GROUP BY group_id, person_id ORDER BY group_id, person_id
ON CONFLICT (group_id, person_id) DO UPDATE SET version = excluded.version WHERE kept.version < excluded.version

-- name: apply_time_budgets
INSERT INTO time_budgets AS kept (person_id, version, minutes)
SELECT person_id, version, minutes FROM unnest($1::uuid[], $2::int[], $3::int[]) AS incoming (person_id, version, minutes)
WHERE NOT EXISTS (SELECT FROM erased_people AS erased WHERE erased.person_id = incoming.person_id)
ORDER BY person_id
ON CONFLICT (person_id) DO UPDATE SET version = excluded.version, minutes = excluded.minutes
WHERE kept.version < excluded.version

-- name: erase_acknowledgements
UPDATE acknowledgements AS kept SET person_id = pseudonym
FROM unnest($1::uuid[], $2::uuid[]) AS people (person_id, pseudonym)
WHERE kept.person_id = people.person_id
RETURNING people.person_id

-- name: erase_time_budgets
UPDATE time_budgets AS kept SET person_id = pseudonym
FROM unnest($1::uuid[], $2::uuid[]) AS people (person_id, pseudonym)
WHERE kept.person_id = people.person_id
RETURNING people.person_id

-- name: barriers
-- Answers of each month by what they name, where that is not what was last shown; $1 are the barriers that are known.
WITH named AS (
    SELECT month, CASE WHEN barrier = ANY ($1::text[]) THEN barrier ELSE 'other' END AS barrier, sum(times::int) AS answers
    FROM check_ins CROSS JOIN LATERAL jsonb_each_text(barriers) AS each (barrier, times)
    GROUP BY 1, 2
),
counted AS (
    TABLE named
    UNION ALL
    SELECT month, '', sum(answers) - coalesce((SELECT sum(answers) FROM named WHERE named.month = check_ins.month), 0)
    FROM check_ins GROUP BY month
)
SELECT month, barrier, counted.answers::int AS answers, abs(counted.answers - coalesce(cell.answers, 0))::int AS changed
FROM counted LEFT JOIN barrier_cells AS cell USING (month, barrier)
WHERE counted.answers <> coalesce(cell.answers, 0)

-- name: store_barriers
INSERT INTO barrier_cells (month, barrier, answers)
SELECT month, barrier, answers
FROM unnest($1::date[], $2::text[], $3::int[]) AS counted (month, barrier, answers)
ON CONFLICT (month, barrier) DO UPDATE SET answers = excluded.answers, as_of = excluded.as_of

-- name: barrier_cells
SELECT month, barrier, answers, as_of FROM barrier_cells
WHERE month = coalesce($1::date, (SELECT max(month) FROM barrier_cells))
