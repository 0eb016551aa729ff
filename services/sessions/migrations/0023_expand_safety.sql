-- Safety: ground rules in versions, notes as the level of confidentiality allows, concerns, questions without a name.

CREATE TABLE ground_rules (
    group_id   uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    version    int NOT NULL,
    text       text NOT NULL,
    changed_on date NOT NULL DEFAULT current_date,
    PRIMARY KEY (group_id, version)
);

-- Under the Chatham House rule a note has no author; of a closed session it is its author's alone.
CREATE TABLE notes (
    note_id    uuid PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    author_id  uuid,
    private    boolean NOT NULL,
    text       text NOT NULL,
    written_on date NOT NULL DEFAULT current_date
);
CREATE INDEX notes_session ON notes (session_id, note_id);
CREATE INDEX notes_author ON notes (author_id);

CREATE TABLE concern_contacts (
    person_id uuid PRIMARY KEY
);

CREATE TABLE concerns (
    concern_id   uuid PRIMARY KEY,
    person_id    uuid NOT NULL,
    session_id   uuid REFERENCES sessions ON DELETE SET NULL,
    programme_id uuid NOT NULL REFERENCES programmes,
    contact_id   uuid,
    state        text NOT NULL CHECK (state IN ('waiting', 'open', 'closed')),
    text         text NOT NULL,
    reply        text,
    raised_on    date NOT NULL DEFAULT current_date
);
CREATE INDEX concerns_person ON concerns (person_id, concern_id);
CREATE INDEX concerns_contact ON concerns (contact_id, concern_id);
CREATE INDEX concerns_unclosed ON concerns (concern_id) WHERE state <> 'closed';

-- All questions of a session in one row, sorted and rewritten whole: neither place nor transaction says whose each is.
CREATE TABLE question_boxes (
    session_id uuid PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    questions  text[] NOT NULL
);
CREATE TABLE questions_asked (
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    person_id  uuid NOT NULL,
    asked      int NOT NULL,
    PRIMARY KEY (session_id, person_id)
);
CREATE INDEX questions_asked_person ON questions_asked (person_id);

-- Events of a closed programme do not say what its sessions are about.
CREATE FUNCTION told_skill(confidentiality text, skill_id text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN confidentiality <> 'closed' THEN skill_id END
$$;
