-- What was asked of the numbers and what for: readable by everybody whom the numbers are about.
CREATE TABLE query_log (
    query_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asked_at  timestamptz NOT NULL DEFAULT now(),
    roles     text[] NOT NULL,
    what      text NOT NULL,
    selection jsonb NOT NULL,
    purpose   text NOT NULL
);
COMMENT ON COLUMN query_log.roles IS 'of the asker; who it was stays in the audit trail';
