-- A hybrid session may tell its seats in the room from those for people far away; a part says which of them it is for.
ALTER TABLE sessions
    ADD COLUMN capacity_in_person int,
    ADD COLUMN capacity_remote int,
    ADD CONSTRAINT seats_apart CHECK (
        (capacity_in_person IS NULL AND capacity_remote IS NULL) OR capacity = capacity_in_person + capacity_remote
    ) NOT VALID;
ALTER TABLE participants ADD COLUMN attends text
    CONSTRAINT attends_how CHECK (attends IN ('in_person', 'remote'));

-- Seats taken in the room and remotely, counted as seats_taken counts: what was committed before the call.
CREATE FUNCTION seats_taken_apart(wanted uuid, unseated text[]) RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (
        SELECT ARRAY[count(*) FILTER (WHERE p.attends = 'in_person'), count(*) FILTER (WHERE p.attends = 'remote')]
        FROM participants AS p
        WHERE p.session_id = wanted AND p.state = 'registered' AND NOT p.role = ANY (unseated)
    );
END
$$;
