-- Whether somebody has a seat in another session then, or runs one. Until its transaction ends no other one can give them
-- a seat: a volatile function sees what was committed before each of its statements, and so what whoever held that lock
-- before has done. Sessions are locked before people, and people in the order of their ids.
CREATE FUNCTION lock_seats_of(who uuid) RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock(uuid_hash_extended(who, 129))
$$;

CREATE FUNCTION sits_elsewhere(
    who uuid, here uuid, begins timestamptz, until timestamptz, unseated text[]
) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM lock_seats_of(who);
    -- Asked of their other parts, one by one: as a join the plan may begin with all sessions of that time.
    RETURN EXISTS (
        SELECT FROM participants AS o
        WHERE o.person_id = who AND o.session_id <> here
          AND (o.state = 'registered' OR o.state = 'invited' AND o.role = ANY (unseated))
          AND (SELECT x.state = 'scheduled' AND x.starts_at < until AND x.ends_at > begins
               FROM sessions AS x WHERE x.session_id = o.session_id)
    );
END
$$;
