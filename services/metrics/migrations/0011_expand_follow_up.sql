-- What is asked after sessions, as sums and lists without anybody's name; rounds of matching; who could have come.

CREATE TABLE check_ins (
    batch_id       uuid PRIMARY KEY,
    programme_id   uuid NOT NULL,
    format         text NOT NULL,
    division       text NOT NULL,
    month          date NOT NULL,
    day            int NOT NULL,
    answers        int NOT NULL,
    applied        int NOT NULL,
    depth          int NOT NULL,
    first_use_days int[] NOT NULL,
    barriers       jsonb NOT NULL
);
COMMENT ON COLUMN check_ins.depth IS 'sum of frequency * effect, each 0 to 4';
COMMENT ON COLUMN check_ins.first_use_days IS 'one entry an answer, null where nothing has been used yet';
CREATE INDEX check_ins_month ON check_ins (month);

CREATE TABLE pulses (
    batch_id     uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    division     text NOT NULL,
    theme        text NOT NULL,
    month        date NOT NULL,
    means        float8[] NOT NULL
);
CREATE INDEX pulses_month ON pulses (month);

CREATE TABLE surveys (
    survey_id    uuid NOT NULL,
    arm          text NOT NULL,
    programme_id uuid NOT NULL,
    month        date NOT NULL,
    asked        int NOT NULL,
    before       int NOT NULL,
    after        int NOT NULL,
    means_before float8[] NOT NULL,
    means_after  float8[] NOT NULL,
    PRIMARY KEY (survey_id, arm)
);

CREATE TABLE responses (
    programme_id uuid NOT NULL,
    kind         text NOT NULL,
    month        date NOT NULL,
    version      int NOT NULL,
    asked        int NOT NULL,
    answered     int NOT NULL,
    PRIMARY KEY (programme_id, kind, month)
);

CREATE TABLE rounds (
    round_id     uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    month        date NOT NULL,
    asked        int NOT NULL,
    unmatched    int NOT NULL
);

-- Everybody who could have come, by cell: actively employed on half of the window's days or more, inside the audience.
CREATE FUNCTION eligible_people(by text, first date, after date, programme uuid, inside text, format_code text)
RETURNS TABLE (cell text, person_id uuid, unit_code text) LANGUAGE sql STABLE AS $$
    WITH slices AS (
        SELECT start::date AS starts, (start + interval '1 month')::date AS ends, start::date AS month
        FROM generate_series(first, after - 1, interval '1 month') AS start WHERE by = 'month'
        UNION ALL
        SELECT first, after, NULL WHERE by <> 'month'
    ),
    asked AS (
        SELECT NULL::uuid AS programme_id, NULL::text AS format, '{}'::text[] AS audience, starts, ends, month
        FROM slices WHERE by NOT IN ('programme', 'format') AND programme IS NULL AND format_code IS NULL
        UNION ALL
        SELECT p.programme_id, p.format, audience_units, greatest(starts, starts_on), least(ends, ends_on + 1), month
        FROM slices JOIN programmes AS p ON starts_on < ends AND ends_on >= starts
        WHERE status <> 'draft' AND (by IN ('programme', 'format') OR programme IS NOT NULL OR format_code IS NOT NULL)
            AND (programme IS NULL OR p.programme_id = programme) AND (format_code IS NULL OR p.format = format_code)
    )
    SELECT DISTINCT ON (cell, person_id) cell, person_id, unit_code
    FROM (
        SELECT cell_of(by, span.unit_path, inside, programme_id, format, month) AS cell, span.person_id,
            min(span.unit_path[cardinality(span.unit_path)]) AS unit_code
        FROM asked JOIN spans AS span
            ON span.status = 'active' AND span.valid_from < ends AND span.valid_to > starts
            AND (audience = '{}' OR span.unit_path && audience)
        WHERE inside IS NULL OR inside = ANY (span.unit_path)
        GROUP BY cell, span.person_id, programme_id, starts, ends
        HAVING 2 * sum(least(span.valid_to, ends) - greatest(span.valid_from, starts)) >= ends - starts
    ) AS counted
    ORDER BY cell, person_id, unit_code
$$;
