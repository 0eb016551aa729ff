-- What teachers and facilitators prepare before each session of a programme's format, as sessions counts it.
ALTER TABLE programmes ADD COLUMN preparation_minutes int NOT NULL DEFAULT 0;
UPDATE programmes SET preparation_minutes = known.minutes
FROM (VALUES
    ('peer_discussion', 10), ('problem_solving', 15), ('job_shadowing', 15), ('teach_one_thing', 10),
    ('critique_group', 20)
) AS known (format, minutes)
WHERE programmes.format = known.format;

-- What a member's part in a programme costs them a month: as many whole sessions as it has, with their preparation.
CREATE FUNCTION monthly_minutes(g programmes, role text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT (g.session_minutes + CASE WHEN role IN ('teacher', 'facilitator') THEN g.preparation_minutes ELSE 0 END)
        * greatest(1, 30 / g.cadence_days)
$$;
