-- Goals that have ended and were renewed: what was aimed for, and what came of it.

CREATE TABLE goal_terms (
    programme_id uuid NOT NULL REFERENCES programmes,
    measure      text NOT NULL,
    due          date NOT NULL,
    baseline     float8 NOT NULL,
    target       float8 NOT NULL,
    result       float8 NOT NULL,
    renewed_on   date NOT NULL DEFAULT current_date,
    PRIMARY KEY (programme_id, measure, due)
);
