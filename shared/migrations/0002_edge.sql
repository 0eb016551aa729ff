-- What the HTTP edge stands on: saved replies for repeated requests, and the audit trail with its seal.

CREATE TABLE idempotency_keys (
    subject     text NOT NULL,
    method      text NOT NULL,
    route       text NOT NULL,
    key         text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL,
    status      smallint,
    body        bytea,
    etag        text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subject, method, route, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- Ids are taken before a transaction ends, so they become visible out of order. A transaction id below every running
-- one can gain no more rows: (xid, id) is an order that nobody can slip into, and no writer waits for another.
CREATE TABLE audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at         timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL,
    action     text NOT NULL,
    object     text NOT NULL,
    outcome    smallint NOT NULL,
    trace_id   text,
    request_id text NOT NULL
);
CREATE UNIQUE INDEX audit_order ON audit (xid, id);
CREATE INDEX audit_object ON audit (object, at);

CREATE TABLE audit_chain (
    seq       bigint PRIMARY KEY,
    audit_id  bigint NOT NULL UNIQUE,
    xid       xid8 NOT NULL,
    hash      bytea NOT NULL CHECK (length(hash) = 32),
    sealed_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_chain_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
