-- Which form asks where, what came of own ones, and pulses that open by themselves.

-- name: chosen
-- The form that was chosen after the sessions of a programme, else of a format.
SELECT f.form_id, f.version, f.items FROM (
    SELECT form_id, form_version, 1 AS place FROM programme_forms WHERE programme_id = $1 AND kind = 'feedback'
    UNION ALL SELECT form_id, form_version, 2 FROM format_forms WHERE format = $2
) AS c JOIN forms AS f ON f.form_id = c.form_id AND f.version = c.form_version
ORDER BY c.place LIMIT 1

-- name: scope_of_reader
SELECT s.programme_id, coalesce(s.format, g.format, p.format) AS format
FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
JOIN participants AS t ON t.session_id = s.session_id AND t.person_id = $2
WHERE s.session_id = $1

-- name: set_of_format
INSERT INTO format_forms (format, form_id, form_version) VALUES ($1, $2, $3)
ON CONFLICT (format) DO UPDATE SET form_id = excluded.form_id, form_version = excluded.form_version

-- name: reset_of_format
DELETE FROM format_forms WHERE format = $1

-- name: get
SELECT form_id, version, kind, state, items FROM forms WHERE form_id = $1 AND version = $2

-- name: set
INSERT INTO programme_forms AS p (programme_id, kind, form_id, form_version, every_days) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (programme_id, kind) DO UPDATE SET
    form_id = excluded.form_id, form_version = excluded.form_version, every_days = excluded.every_days

-- name: reset
DELETE FROM programme_forms WHERE programme_id = $1 AND kind = $2

-- name: list
SELECT kind, form_id, form_version, every_days FROM programme_forms WHERE programme_id = $1 ORDER BY kind

-- name: insert_batch
INSERT INTO form_batches (batch_id, programme_id, form_id, form_version, month, released_on, answers, totals, format)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: status_of
SELECT status FROM programmes WHERE programme_id = $1

-- name: results
-- Means by version of each form, of one format and month where those are said; two readings differ by five or more.
WITH chosen AS (
    SELECT form_id, form_version, answers, totals FROM form_batches
    WHERE programme_id = $1 AND ($2::text IS NULL OR format = $2) AND ($3::date IS NULL OR month = $3)
), counted AS (
    SELECT form_id, form_version, sum(answers)::int AS answers FROM chosen GROUP BY form_id, form_version
), summed AS (
    SELECT c.form_id, c.form_version, u.place, sum(u.total) AS total
    FROM chosen AS c CROSS JOIN unnest(c.totals) WITH ORDINALITY AS u (total, place)
    GROUP BY c.form_id, c.form_version, u.place
)
SELECT c.form_id, c.form_version, f.items, c.answers, ARRAY(
           SELECT round(s.total::numeric / c.answers, 2)::float8 FROM summed AS s
           WHERE s.form_id = c.form_id AND s.form_version = c.form_version ORDER BY s.place
       ) AS means
FROM counted AS c JOIN forms AS f ON f.form_id = c.form_id AND f.version = c.form_version
ORDER BY c.form_id, c.form_version

-- name: pulses_due
-- Running programmes whose turn has come: after each cadence a week to answer; never of fewer than five people.
WITH running AS (
    SELECT g.programme_id, g.starts_on, coalesce(p.form_id, $1::uuid) AS form_id,
           coalesce(p.form_version, 1) AS form_version, coalesce(p.every_days, greatest(g.cadence_days, 7)) AS every
    FROM programmes AS g LEFT JOIN programme_forms AS p ON p.programme_id = g.programme_id AND p.kind = 'pulse'
    WHERE g.status = 'published' AND NOT g.backfill AND current_date BETWEEN g.starts_on AND g.ends_on
      AND (p.programme_id IS NULL OR p.form_id IS NOT NULL)
)
SELECT r.programme_id, r.form_id, r.form_version, f.items, f.theme, (current_date - r.starts_on) / r.every AS turn
FROM running AS r JOIN forms AS f ON f.form_id = r.form_id AND f.version = r.form_version
WHERE current_date >= r.starts_on + r.every
  AND NOT EXISTS (
      SELECT FROM surveys AS s
      WHERE s.programme_id = r.programme_id AND s.turn >= (current_date - r.starts_on) / r.every
  )
  AND (SELECT count(DISTINCT m.person_id) FROM groups AS c JOIN group_members AS m USING (group_id)
       WHERE c.programme_id = r.programme_id AND c.state <> 'ended') >= 5
ORDER BY r.programme_id LIMIT 200

-- name: ensure_pulse
INSERT INTO forms (form_id, version, kind, theme, state, items) VALUES ($1, 1, 'pulse', 'safety', 'open', '[]')
ON CONFLICT DO NOTHING

-- name: open_pulses
INSERT INTO surveys (
    survey_id, programme_id, kind, arm, form_id, form_version, items, theme, before_from, before_to, turn
)
SELECT gen_random_uuid(), new.programme_id, 'pulse', 'participants', new.form_id, new.form_version,
       new.asked -> 'items', new.theme, current_date, current_date + 6, new.turn
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::jsonb[], $5::text[], $6::int[])
    AS new (programme_id, form_id, form_version, asked, theme, turn)
ORDER BY new.programme_id
ON CONFLICT (programme_id, turn) WHERE turn IS NOT NULL DO NOTHING RETURNING survey_id
