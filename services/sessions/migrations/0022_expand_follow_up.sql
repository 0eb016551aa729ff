-- What is asked after sessions: forms, surveys and pulses, who is asked what when, and answers without an author.

-- A form is changed as long as it is a draft; once somebody may have read it, it stands: a change is a new version.
CREATE TABLE forms (
    form_id uuid NOT NULL,
    version int NOT NULL,
    kind    text NOT NULL CHECK (kind IN ('survey', 'pulse')),
    theme   text NOT NULL,
    state   text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'open')),
    items   jsonb NOT NULL,
    PRIMARY KEY (form_id, version)
);

-- Waves lie between days; a pulse has the first wave alone.
CREATE TABLE surveys (
    survey_id     uuid PRIMARY KEY,
    programme_id  uuid NOT NULL REFERENCES programmes,
    kind          text NOT NULL CHECK (kind IN ('survey', 'pulse')),
    arm           text NOT NULL,
    form_id       uuid NOT NULL,
    form_version  int NOT NULL,
    items         jsonb NOT NULL,
    theme         text NOT NULL,
    before_from   date NOT NULL,
    before_to     date NOT NULL CHECK (before_to >= before_from),
    after_from    date,
    after_to      date CHECK (after_to >= after_from),
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    outcome       text,
    FOREIGN KEY (form_id, form_version) REFERENCES forms (form_id, version)
);
CREATE INDEX surveys_programme ON surveys (programme_id, survey_id);
CREATE INDEX surveys_open ON surveys (before_from) WHERE state = 'open';

-- Who is asked what, when. At most one a week is sent to anybody; `answered` says that they have, and nothing of what.
CREATE TABLE prompts (
    prompt_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    person_id    uuid NOT NULL,
    kind         text NOT NULL,
    subject_id   uuid NOT NULL,
    programme_id uuid NOT NULL,
    due_on       date NOT NULL,
    expires_on   date NOT NULL,
    sent_on      date,
    answered     boolean NOT NULL DEFAULT false,
    UNIQUE (person_id, kind, subject_id)
);
CREATE INDEX prompts_waiting ON prompts (due_on) WHERE sent_on IS NULL AND NOT answered;
CREATE INDEX prompts_sent ON prompts (person_id, sent_on) WHERE sent_on IS NOT NULL;
CREATE INDEX prompts_counted ON prompts (programme_id, kind, due_on);

-- Answers, apart from who gave them: one row a cell, rewritten whole, sorted, as with feedback.
CREATE TABLE answer_cells (
    programme_id uuid NOT NULL,
    kind         text NOT NULL,
    topic        text NOT NULL,
    division     text NOT NULL,
    month        date NOT NULL CHECK (extract(day FROM month) = 1),
    round        int NOT NULL,
    answers      jsonb[] NOT NULL,
    PRIMARY KEY (programme_id, kind, topic, division, month, round)
);
CREATE INDEX answer_cells_ripe ON answer_cells (programme_id)
    WHERE cardinality(answers) >= 5 AND kind NOT LIKE 'survey%';

-- What was last told of how many answer; a count that rises by one would name somebody.
CREATE TABLE response_counts (
    programme_id uuid NOT NULL,
    kind         text NOT NULL,
    month        date NOT NULL,
    version      int NOT NULL,
    asked        int NOT NULL,
    answered     int NOT NULL,
    PRIMARY KEY (programme_id, kind, month)
);
