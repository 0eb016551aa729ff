-- How useful those who learn found sessions with somebody more or less like them: sums over tens of people, of nobody.
CREATE TABLE well_received (
    format     text NOT NULL,
    likeness   text NOT NULL,
    answers    int NOT NULL CHECK (answers >= 10),
    usefulness int NOT NULL CHECK (usefulness BETWEEN answers AND 5 * answers),
    PRIMARY KEY (format, likeness)
);

-- All that was heard of these formats, as rounds keep it.
CREATE FUNCTION heard_of(formats text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_array(format, likeness, answers, usefulness) ORDER BY format, likeness), '[]')
    FROM well_received WHERE format = ANY (formats)
$$;
