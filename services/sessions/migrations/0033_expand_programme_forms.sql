-- Which form asks after a programme's sessions, and which one its pulses ask; without a row, the standard ones.

ALTER TABLE forms DROP CONSTRAINT forms_kind_check;
ALTER TABLE forms ADD CONSTRAINT forms_kind_check CHECK (kind IN ('survey', 'pulse', 'feedback')) NOT VALID;

-- `form_id` null: none is asked. `every_days`: between two pulses, the programme's cadence unless said otherwise.
CREATE TABLE programme_forms (
    programme_id uuid NOT NULL REFERENCES programmes,
    kind         text NOT NULL CHECK (kind IN ('pulse', 'feedback')),
    form_id      uuid,
    form_version int,
    every_days   int CHECK (every_days >= 7),
    PRIMARY KEY (programme_id, kind),
    FOREIGN KEY (form_id, form_version) REFERENCES forms (form_id, version),
    CHECK (form_id IS NOT NULL OR kind = 'pulse')
);

-- Released answers to an organization's own feedback form: sums in the order of its items.
CREATE TABLE form_batches (
    batch_id     uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    form_id      uuid NOT NULL,
    form_version int NOT NULL,
    month        date NOT NULL,
    released_on  date NOT NULL,
    answers      int NOT NULL CHECK (answers >= 5),
    totals       int[] NOT NULL
);
CREATE INDEX form_batches_programme ON form_batches (programme_id, form_id, form_version);

-- Which of a programme's pulses this is, where it was opened by its cadence.
ALTER TABLE surveys ADD COLUMN turn int;
CREATE UNIQUE INDEX surveys_turn ON surveys (programme_id, turn) WHERE turn IS NOT NULL;
