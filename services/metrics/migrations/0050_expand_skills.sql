-- What people can do, aim for and will teach, as last told; and what is shown of it, skill by skill.

-- A row stays when somebody no longer has the skill or has left: whoever was in the cohort of the beginning stays in it.
CREATE TABLE person_skills (
    person_id    uuid NOT NULL,
    skill_id     text NOT NULL,
    level        smallint NOT NULL,
    target       smallint,
    teaches      smallint,
    leaves_on    date,
    present      boolean NOT NULL,
    first_target smallint,
    first_gap    smallint,
    changed_by   xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (person_id, skill_id)
);
COMMENT ON COLUMN person_skills.teaches IS 'level offered to others; null: not willing';
COMMENT ON COLUMN person_skills.first_target IS 'what was aimed for first: gaps are closed against it, however targets drift';
CREATE INDEX person_skills_skill ON person_skills (skill_id);
CREATE INDEX person_skills_changed ON person_skills USING brin ((changed_by::text::bigint));

-- The same without what only time knows: what a rebuild must find again.
CREATE VIEW known_skills AS
SELECT person_id, skill_id, level, target, teaches, leaves_on FROM person_skills WHERE present;

-- One row a skill, as it was last counted. A row stands until k people's skills in it have changed.
CREATE TABLE skill_cells (
    skill_id   text PRIMARY KEY,
    people     int NOT NULL,
    gap        int NOT NULL,
    alike      boolean NOT NULL,
    wanting    int NOT NULL,
    teachers   int NOT NULL,
    cohort     int NOT NULL,
    first_gap  int NOT NULL,
    left_gap   int NOT NULL,
    drift      int NOT NULL,
    experts    int NOT NULL,
    active     int NOT NULL,
    seen       pg_snapshot NOT NULL,
    as_of      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN skill_cells.people IS 'who have a target';
COMMENT ON COLUMN skill_cells.alike IS 'everybody with a target has the same gap: its mean would tell each one''s';
COMMENT ON COLUMN skill_cells.left_gap IS 'of first_gap, measured against the first targets';
COMMENT ON COLUMN skill_cells.drift IS 'levels by which the cohort''s targets have moved since';
COMMENT ON COLUMN skill_cells.active IS 'experts who stay and have attended a session in 90 days; told in bands only';

-- When skills were last counted, and what had been seen by then: one row.
CREATE TABLE skill_looks (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    seen      pg_snapshot NOT NULL,
    looked_at timestamptz NOT NULL DEFAULT now()
);
