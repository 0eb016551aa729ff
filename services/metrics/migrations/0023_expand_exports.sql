-- Files of measures, made in the background a few measures at a time.
CREATE TABLE exports (
    export_id    uuid PRIMARY KEY,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    format       text NOT NULL CHECK (format IN ('csv', 'jsonl', 'parquet')),
    measures     text[] NOT NULL,
    by           text NOT NULL,
    starts_on    date NOT NULL,
    ends_on      date NOT NULL,
    k            int NOT NULL CHECK (k >= 3),
    done         int NOT NULL DEFAULT 0,
    rows         jsonb NOT NULL DEFAULT '[]',
    content      bytea,
    finished_at  timestamptz
);
CREATE INDEX exports_waiting ON exports (requested_at) WHERE finished_at IS NULL;
