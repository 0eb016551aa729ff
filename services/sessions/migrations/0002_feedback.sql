-- Feedback, stored apart from who gave it. See the README: what would link the two must not exist, not even physically.

CREATE TYPE feedback_answer AS (usefulness smallint, relevance smallint, engagement smallint);

-- Who has answered, and nothing of what.
CREATE TABLE feedback_given (
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    person_id  uuid NOT NULL,
    PRIMARY KEY (session_id, person_id)
);
CREATE INDEX feedback_given_person ON feedback_given (person_id);

-- What was answered: one row holds a whole cell's answers, sorted, so that neither row order (ctid), transaction (xmin)
-- nor position says which came when. A person's n-th answer of the cell goes into round n: one answer a person in each.
CREATE TABLE feedback_cells (
    programme_id uuid NOT NULL,
    format       text NOT NULL,
    division     text NOT NULL,
    month        date NOT NULL CHECK (extract(day FROM month) = 1),
    round        int NOT NULL,
    answers      feedback_answer[] NOT NULL,
    comments     text[] NOT NULL,
    PRIMARY KEY (programme_id, format, division, month, round)
);
CREATE INDEX feedback_cells_ripe ON feedback_cells (programme_id) WHERE cardinality(answers) >= 5;

CREATE TABLE feedback_batches (
    batch_id     uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    format       text NOT NULL,
    division     text NOT NULL,
    month        date NOT NULL,
    released_on  date NOT NULL,
    answers      int NOT NULL CHECK (answers >= 5),
    usefulness   int NOT NULL,
    relevance    int NOT NULL,
    engagement   int NOT NULL,
    comments     text[] NOT NULL
);
CREATE INDEX feedback_batches_cell ON feedback_batches (programme_id, format, month);
