-- What other services tell in sums, or of people to count with them: help, knowledge, own forms, ground rules, time.

CREATE TABLE help_requests (
    request_id uuid PRIMARY KEY,
    asked_at   timestamptz NOT NULL,
    seconds    int,
    outcome    text
);
COMMENT ON COLUMN help_requests.seconds IS 'until the first offer; null while there is none';
CREATE INDEX help_requests_asked_at ON help_requests (asked_at);

CREATE TABLE knowledge_uses (
    item_id      uuid NOT NULL,
    month        date NOT NULL,
    version      int NOT NULL,
    programme_id uuid,
    people       int NOT NULL,
    uses         int NOT NULL,
    PRIMARY KEY (item_id, month)
);
CREATE INDEX knowledge_uses_month ON knowledge_uses (month);

-- Batches of five or more answers to an organization's own questions, one mean a person.
CREATE TABLE form_answers (
    batch_id     uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    division     text NOT NULL,
    form_id      uuid NOT NULL,
    form_version int NOT NULL,
    month        date NOT NULL,
    means        float8[] NOT NULL
);
CREATE INDEX form_answers_month ON form_answers (month);

-- Large surveys come in parts; each is five pairs of answers or more.
ALTER TABLE surveys ADD COLUMN part int NOT NULL DEFAULT 0;
ALTER TABLE surveys DROP CONSTRAINT surveys_pkey, ADD PRIMARY KEY (survey_id, arm, part);

-- Sums of one question's change over the pairs of a part.
CREATE TABLE survey_items (
    survey_id    uuid NOT NULL,
    arm          text NOT NULL,
    part         int NOT NULL,
    code         text NOT NULL,
    programme_id uuid NOT NULL,
    month        date NOT NULL,
    pairs        int NOT NULL,
    change       int NOT NULL,
    least_change int NOT NULL,
    most_change  int NOT NULL,
    gaining      int NOT NULL,
    gain         float8 NOT NULL,
    PRIMARY KEY (survey_id, arm, part, code)
);
COMMENT ON COLUMN survey_items.gaining IS 'pairs that could gain: below the highest answer before';
COMMENT ON COLUMN survey_items.gain IS 'sum of (after - before)/(highest - before) over these';
CREATE INDEX survey_items_month ON survey_items (code, month);

CREATE TABLE acknowledgements (
    group_id   uuid NOT NULL,
    person_id  uuid NOT NULL,
    version    int NOT NULL,
    changed_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (group_id, person_id)
);
CREATE INDEX acknowledgements_person ON acknowledgements (person_id);
CREATE INDEX acknowledgements_changed ON acknowledgements USING brin ((changed_by::text::bigint));

-- The time people have agreed on with their managers, as last told.
CREATE TABLE time_budgets (
    person_id uuid PRIMARY KEY,
    version   int NOT NULL,
    minutes   int NOT NULL
);
COMMENT ON COLUMN time_budgets.minutes IS 'a month';

-- What stood in the way, month by month, as it was last shown: a number stands until k answers more name it.
CREATE TABLE barrier_cells (
    month   date NOT NULL,
    barrier text NOT NULL,
    answers int NOT NULL,
    as_of   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (month, barrier)
);
COMMENT ON COLUMN barrier_cells.barrier IS 'empty: nothing was in the way';
