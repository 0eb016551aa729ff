-- Released answers about whoever leads: sums of five and more people's, in the order of the statements.
CREATE TABLE facilitation_batches (
    batch_id       uuid PRIMARY KEY,
    facilitator_id uuid,
    programme_id   uuid NOT NULL,
    month          date NOT NULL,
    released_on    date NOT NULL,
    answers        int NOT NULL CHECK (answers >= 5),
    totals         int[] NOT NULL
);
CREATE INDEX facilitation_batches_facilitator ON facilitation_batches (facilitator_id);
