-- What erasure and retention stand on: who is under a legal hold, and what was removed for its age.

CREATE TABLE legal_holds (
    person_id uuid PRIMARY KEY,
    version   int NOT NULL,
    held      boolean NOT NULL,
    reference text
);
COMMENT ON COLUMN legal_holds.reference IS 'The case it is for; known to the directory alone.';

CREATE TABLE purges (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    table_name text NOT NULL,
    data_class text NOT NULL,
    older_than timestamptz NOT NULL,
    rows       int NOT NULL
);
CREATE INDEX purges_table ON purges (table_name, id DESC);
