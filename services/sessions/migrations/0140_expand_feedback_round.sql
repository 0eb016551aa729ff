-- Which of a person's answers to a programme's sessions of a month one is. A volatile function sees what was committed
-- before it is called: called once the person is locked it counts the answer that had the lock before.

CREATE FUNCTION feedback_round(giver uuid, about uuid, of_programme uuid, of_month timestamptz) RETURNS int
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN 1 + (
        SELECT count(*) FROM feedback_given AS f JOIN sessions AS s USING (session_id)
        WHERE f.person_id = giver AND f.session_id <> about AND s.programme_id = of_programme
          AND date_trunc('month', s.starts_at, 'UTC') = of_month
    );
END
$$;
