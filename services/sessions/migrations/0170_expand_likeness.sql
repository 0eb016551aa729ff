-- How alike the two of a pair are, as matching says: a class of very many pairs.
ALTER TABLE groups ADD COLUMN likeness text;

-- How useful those who learn in pairs of a class found their sessions, of the whole organization: one row holds a whole
-- cell's answers, sorted, as `feedback_cells` does. A person's n-th answer of the cell goes into round n.
CREATE TABLE likeness_cells (
    format   text NOT NULL,
    likeness text NOT NULL,
    quarter  date NOT NULL CHECK (extract(day FROM quarter) = 1 AND extract(month FROM quarter) IN (1, 4, 7, 10)),
    round    int NOT NULL,
    answers  smallint[] NOT NULL,
    PRIMARY KEY (format, likeness, quarter, round)
);
CREATE INDEX likeness_cells_ripe ON likeness_cells (format) WHERE cardinality(answers) >= 10;

-- Which of a person's answers as a learner, to pairs of a class in programmes of a format in a quarter, one is. Called
-- once the person is locked, as `feedback_round` is.
CREATE FUNCTION likeness_round(
    giver uuid, about uuid, of_format text, of_likeness text, of_quarter timestamptz, learning text[]
) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN 1 + (
        SELECT count(*) FROM feedback_given AS f
        JOIN participants AS t USING (session_id, person_id)
        JOIN sessions AS s USING (session_id)
        JOIN groups AS g USING (group_id)
        JOIN programmes AS p ON p.programme_id = s.programme_id
        WHERE f.person_id = giver AND f.session_id <> about AND t.role = ANY (learning)
          AND g.likeness = of_likeness AND p.format = of_format
          AND date_trunc('quarter', s.starts_at, 'UTC') = of_quarter
    );
END
$$;
