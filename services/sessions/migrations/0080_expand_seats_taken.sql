-- Seats of a session that are taken now: a volatile function sees what was committed before it is called. Called beside
-- the row of a locked session it counts what whoever held the lock before has done; the statement alone would not.

CREATE FUNCTION seats_taken(wanted uuid, unseated text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (
        SELECT count(*) FROM participants AS p
        WHERE p.session_id = wanted AND p.state = 'registered' AND NOT p.role = ANY (unseated)
    );
END
$$;
