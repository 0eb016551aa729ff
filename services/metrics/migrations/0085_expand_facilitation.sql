-- Batches of five or more answers about one facilitator, whoever that is, as sums of each person's mean.
CREATE TABLE facilitation (
    batch_id     uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    month        date NOT NULL,
    answers      int NOT NULL CHECK (answers >= 5),
    total        float8 NOT NULL,
    least        float8 NOT NULL,
    most         float8 NOT NULL
);
COMMENT ON COLUMN facilitation.month IS 'the first of the quarter in which they were led';
CREATE INDEX facilitation_month ON facilitation (month);
