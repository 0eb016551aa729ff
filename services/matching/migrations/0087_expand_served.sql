-- Whether somebody got from a match what they had asked a programme for: whoever waited has then waited no longer.
CREATE FUNCTION is_served(match_id uuid, state text, role text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT $3 IN ('learner', 'newcomer', 'participant')
        AND ($2 IN ('accepted', 'formed')
            OR $2 = 'ended' AND NOT EXISTS (
                SELECT FROM match_members AS member WHERE member.match_id = $1 AND member.answer = 'pending'
            ))
$$;
