-- An account and a worker may turn out to be one person: whose ids have been used decides which of them stays.

CREATE FUNCTION has_taken_part(who uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM people WHERE person_id = who AND profile <> '{}')
        OR EXISTS (SELECT FROM attendances WHERE person_id = who)
        OR EXISTS (SELECT FROM skill_evidence WHERE stated_by = who)
        OR EXISTS (SELECT FROM legal_holds WHERE person_id = who AND held)
$$;
COMMENT ON FUNCTION has_taken_part IS 'Whether somebody has said or done anything under this id, or it must be kept.';
