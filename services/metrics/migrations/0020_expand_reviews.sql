-- Review cycles: what was found in a programme's numbers, what is changed for it, and when it is measured again.
CREATE TABLE reviews (
    review_id    uuid PRIMARY KEY,
    version      int NOT NULL,
    programme_id uuid NOT NULL,
    measure      text NOT NULL,
    finding      text NOT NULL,
    change       text NOT NULL,
    changed_on   date NOT NULL,
    measure_on   date NOT NULL CHECK (measure_on > changed_on),
    conclusion   text,
    concluded_on date
);
CREATE INDEX reviews_programme ON reviews (programme_id, review_id);
