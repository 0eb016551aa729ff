-- What people can do and how that is known, what jobs ask for, who has met whom, and how facilitators get ready.

CREATE TABLE skill_evidence (
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    skill_id  text NOT NULL,
    source    text NOT NULL CHECK (source IN ('self', 'peer', 'manager', 'assessment')),
    stated_by uuid REFERENCES people (person_id) ON DELETE CASCADE,
    level     smallint NOT NULL CHECK (level BETWEEN 0 AND 5),
    stated_on date NOT NULL,
    UNIQUE NULLS NOT DISTINCT (person_id, skill_id, source, stated_by)
);
COMMENT ON TABLE skill_evidence IS 'What HR says stays in its own records and is evidence too.';
COMMENT ON COLUMN skill_evidence.stated_by IS 'NULL for what a system says.';
CREATE INDEX skill_evidence_stated_by ON skill_evidence (stated_by, stated_on) WHERE stated_by IS NOT NULL;

CREATE TABLE job_profiles (
    job_code   text PRIMARY KEY,
    version    int NOT NULL,
    title      text NOT NULL,
    targets    jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN job_profiles.targets IS '[{skill_id, level}]: what the job asks for.';

CREATE TABLE attendances (
    session_id     uuid NOT NULL,
    person_id      uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    version        int NOT NULL,
    held_on        date NOT NULL,
    attended       boolean NOT NULL,
    role           text NOT NULL,
    minutes        int NOT NULL,
    contributions  int NOT NULL,
    PRIMARY KEY (session_id, person_id)
);
COMMENT ON TABLE attendances IS 'From the sessions service: who may endorse whom, and what a contribution profile counts.';
CREATE INDEX attendances_person ON attendances (person_id, held_on);

CREATE TABLE checklist (
    code     text PRIMARY KEY,
    place    smallint NOT NULL,
    title    text NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('training', 'self')),
    required boolean NOT NULL
);
COMMENT ON TABLE checklist IS 'What makes a facilitator ready; only what is required keeps anybody from facilitating.';
INSERT INTO checklist (code, place, title, kind, required) VALUES
    ('facilitation-basics', 1, 'Training: facilitating a group of peers', 'training', false),
    ('feedback-skills', 2, 'Training: giving and receiving feedback', 'training', false),
    ('neutrality', 3, 'I have read what a neutral facilitator does and does not do', 'self', false),
    ('ground-rules', 4, 'I know the ground rules and how to raise a concern', 'self', false),
    ('observed-session', 5, 'I have sat in on a session that somebody else facilitated', 'self', false);

CREATE TABLE checklist_version (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    version int NOT NULL
);
INSERT INTO checklist_version (version) VALUES (1);

CREATE TABLE completions (
    person_id    uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    code         text NOT NULL,
    completed_on date NOT NULL,
    PRIMARY KEY (person_id, code)
);

-- Nullable: code from before does not write them.
ALTER TABLE people
    ADD COLUMN formats text[],
    ADD COLUMN modalities text[],
    ADD COLUMN pace text,
    ADD COLUMN group_size_min int,
    ADD COLUMN group_size_max int,
    ADD COLUMN proficiencies jsonb;
COMMENT ON COLUMN people.proficiencies IS '[{skill_id, level, target_level, source, trust, as_of}]: derived from all evidence.';
