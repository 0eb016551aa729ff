-- Where formal training falls short.

-- name: apply_gaps
INSERT INTO course_gaps AS kept (programme_id, course, month, version, people)
SELECT programme_id, course, month, version, people
FROM jsonb_to_recordset($1) AS incoming (programme_id uuid, course text, month date, version int, people int)
ORDER BY programme_id, course, month
ON CONFLICT (programme_id, course, month) DO UPDATE SET version = excluded.version, people = excluded.people
WHERE kept.version < excluded.version

-- name: list_gaps
-- Newest month first.
SELECT gap.course, gap.programme_id, coalesce(programmes.name, '') AS programme, gap.month, gap.people
FROM course_gaps AS gap LEFT JOIN programmes USING (programme_id)
WHERE gap.people >= $1 AND ($2::uuid IS NULL OR gap.programme_id = $2)
    AND ($3::date IS NULL OR (gap.month, gap.course, gap.programme_id) < ($3, $4, $5))
ORDER BY gap.month DESC, gap.course DESC, gap.programme_id DESC LIMIT $6
