-- The taxonomy in full: labels in several languages, the tree, what is out of use, and imports that go on by themselves.

ALTER TABLE skills
    ADD COLUMN deprecated boolean NOT NULL DEFAULT false,
    ADD COLUMN replaced_by text,
    ADD COLUMN origin text NOT NULL DEFAULT 'public',
    ADD COLUMN language text NOT NULL DEFAULT 'en';
COMMENT ON COLUMN skills.replaced_by IS 'The skill this one was merged into; never itself a merged one.';
COMMENT ON COLUMN skills.origin IS 'organization: added here, beside the imported taxonomy.';
COMMENT ON COLUMN skills.language IS 'Of `label`; labels in other languages lie in skill_labels alone.';
CREATE INDEX skills_label ON skills (label, skill_id);
CREATE INDEX skills_replaced ON skills (replaced_by) WHERE replaced_by IS NOT NULL;

CREATE TABLE skill_labels (
    skill_id  text NOT NULL REFERENCES skills ON DELETE CASCADE,
    language  text NOT NULL,
    preferred boolean NOT NULL,
    label     text NOT NULL,
    PRIMARY KEY (skill_id, language, label)
);

INSERT INTO skill_labels (skill_id, language, preferred, label) SELECT skill_id, 'en', true, label FROM skills;

CREATE TABLE skill_broader (
    skill_id text NOT NULL REFERENCES skills ON DELETE CASCADE,
    broader  text NOT NULL,
    PRIMARY KEY (skill_id, broader)
);
COMMENT ON COLUMN skill_broader.broader IS 'May name a skill that is still to be imported: no foreign key.';
CREATE INDEX skill_broader_narrower ON skill_broader (broader, skill_id);

-- What is typed is looked up from the start of a label or of a word in it, so that one letter is as cheap as ten.
CREATE TABLE skill_terms (
    skill_id text NOT NULL REFERENCES skills ON DELETE CASCADE,
    language text NOT NULL,
    rank     smallint NOT NULL,
    term     text COLLATE "C" NOT NULL,
    via      text
);
COMMENT ON COLUMN skill_terms.via IS 'The merged skill that was called so.';
COMMENT ON COLUMN skill_terms.rank IS
    '0 a preferred label, 1 an alternative, 2 from a later word of a preferred label on, 3 of an alternative.';
CREATE INDEX skill_terms_rank ON skill_terms (rank, term, skill_id);
CREATE INDEX skill_terms_skill ON skill_terms (skill_id, language);

CREATE TABLE skill_imports (
    import_id  uuid PRIMARY KEY,
    version    int NOT NULL DEFAULT 1,
    format     text NOT NULL,
    language   text NOT NULL,
    lines      int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at    timestamptz
);
CREATE INDEX skill_imports_open ON skill_imports (created_at) WHERE done_at IS NULL;
CREATE INDEX skill_imports_newest ON skill_imports (created_at, import_id);

CREATE TABLE skill_import_lines (
    import_id uuid NOT NULL REFERENCES skill_imports ON DELETE CASCADE,
    line      int NOT NULL,
    entry     jsonb,
    result    text,
    detail    text,
    PRIMARY KEY (import_id, line)
);
COMMENT ON COLUMN skill_import_lines.result IS 'NULL while the line waits.';
CREATE INDEX skill_import_lines_waiting ON skill_import_lines (import_id, line) WHERE result IS NULL;
CREATE INDEX skill_import_lines_refused ON skill_import_lines (import_id, line) WHERE result = 'refused';
