-- What was said of earlier sessions, of nobody.

-- name: hear
INSERT INTO well_received AS known (format, likeness, answers, usefulness)
SELECT format, likeness, sum(answers), sum(usefulness)
FROM unnest($1::text[], $2::text[], $3::int[], $4::int[]) AS told (format, likeness, answers, usefulness)
GROUP BY format, likeness ORDER BY format, likeness
ON CONFLICT (format, likeness) DO UPDATE
SET answers = known.answers + excluded.answers, usefulness = known.usefulness + excluded.usefulness

-- name: heard_of
SELECT heard_of($1::text[])
