-- A programme may hold several formats. A group, and a session of it, may have another one than the programme's first:
-- null is that of the group, and of the programme.

ALTER TABLE programmes ADD COLUMN further_formats text[] NOT NULL DEFAULT '{}';
ALTER TABLE groups ADD COLUMN format text;
ALTER TABLE sessions ADD COLUMN format text;

CREATE OR REPLACE FUNCTION lock_answering(wanted uuid, answering uuid, unseated text[])
RETURNS TABLE (
    session_id uuid, version int, state text, programme_id uuid, group_id uuid, match_id uuid, format text,
    skill_id text, starts_at timestamptz, ends_at timestamptz, capacity int, facilitator_id uuid,
    person_id uuid, role text, part_state text, part_version int, minutes int, taught int, asked_count int, shared int,
    challenged int, summarised int, acknowledged boolean, taken bigint
)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM sessions WHERE sessions.session_id = wanted FOR UPDATE;
    RETURN QUERY
    SELECT s.session_id, s.version, s.state, s.programme_id, s.group_id, g.match_id,
           coalesce(s.format, g.format, p.format), g.skill_id,
           s.starts_at, s.ends_at, s.capacity, s.facilitator_id,
           t.person_id, t.role, t.state, t.version, t.minutes, t.taught, t.asked, t.shared, t.challenged, t.summarised,
           EXISTS (
               SELECT FROM acknowledgements AS a
               WHERE a.group_id = s.group_id AND a.person_id = answering AND a.rules_version = g.rules_version
           ),
           (SELECT count(*) FROM participants AS o
            WHERE o.session_id = s.session_id AND o.state = 'registered' AND NOT o.role = ANY (unseated))
    FROM sessions AS s JOIN groups AS g USING (group_id) JOIN programmes AS p ON p.programme_id = s.programme_id
    LEFT JOIN participants AS t ON t.session_id = s.session_id AND t.person_id = answering
    WHERE s.session_id = wanted;
END
$$;
