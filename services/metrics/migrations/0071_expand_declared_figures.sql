-- What an organization declares of a programme's worth: figures of its own, with what they assume.
CREATE TABLE declared_figures (
    programme_id uuid NOT NULL,
    name         text NOT NULL,
    version      int NOT NULL,
    measure      text NOT NULL CHECK (measure IN ('goal_kpi', 'cost_avoided')),
    declared_on  date NOT NULL,
    said         jsonb NOT NULL,
    PRIMARY KEY (programme_id, name)
);
