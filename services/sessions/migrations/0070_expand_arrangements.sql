-- Where and how a group meets, which courses lie before or after, what somebody needs to take part, what a facilitator
-- has done. A session's own word counts before its group's; null says nothing.

ALTER TABLE groups
    ADD COLUMN place   text,
    ADD COLUMN access  text[] NOT NULL DEFAULT '{}',
    ADD COLUMN courses jsonb NOT NULL DEFAULT '[]';

ALTER TABLE sessions
    ADD COLUMN place   text,
    ADD COLUMN access  text[],
    ADD COLUMN courses jsonb NOT NULL DEFAULT '[]';

-- Neither events nor calendars say what a closed programme is about.
CREATE FUNCTION told_courses(confidentiality text, of_group jsonb, of_session jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN confidentiality <> 'closed' THEN of_group || of_session ELSE '[]'::jsonb END
$$;

CREATE TABLE accommodations (
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    person_id  uuid NOT NULL,
    text       text NOT NULL,
    PRIMARY KEY (session_id, person_id)
);
CREATE INDEX accommodations_person ON accommodations (person_id);

-- Whether somebody was told of a group's silence.
CREATE INDEX messages_momentum ON messages (subject_id, sequence) WHERE about = 'momentum';

CREATE TABLE duties (
    session_id uuid PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    done       int[] NOT NULL
);
