-- Where seats in the room and remote ones are apart, somebody may wait for one kind; null is either.
ALTER TABLE watches ADD COLUMN attends text CONSTRAINT watches_kind CHECK (attends IN ('in_person', 'remote'));

-- Free seats of a session: of the kind that is wanted, or of all.
CREATE FUNCTION free_seats(s sessions, wanted text, unseated text[]) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CASE wanted WHEN 'in_person' THEN s.capacity_in_person WHEN 'remote' THEN s.capacity_remote ELSE s.capacity END
        - count(*)
    FROM participants AS t
    WHERE t.session_id = s.session_id AND t.state = 'registered' AND NOT t.role = ANY (unseated)
      AND (wanted IS NULL OR t.attends = wanted)
$$;
