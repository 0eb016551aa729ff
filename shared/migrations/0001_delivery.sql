-- What delivery stands on: the outbox, the inbox, dead letters and parked keys.

CREATE SEQUENCE outbox_id_seq;

CREATE TABLE outbox (
    id            bigint NOT NULL DEFAULT nextval('outbox_id_seq'),
    created_at    timestamptz NOT NULL DEFAULT now(),
    topic         text NOT NULL,
    key           text NOT NULL,
    header_names  text[] NOT NULL,
    header_values bytea[] NOT NULL,
    value         bytea CHECK (length(value) <= 262144),
    published_at  timestamptz,
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
CREATE TABLE outbox_default PARTITION OF outbox DEFAULT WITH (fillfactor = 70);

-- Keeps one partition a day from today for `ahead` days, and drops published days older than `keep` days.
CREATE FUNCTION maintain_outbox(ahead int DEFAULT 3, keep int DEFAULT 7) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    day date;
    part text;
    changed int := 0;
    unpublished boolean;
BEGIN
    FOR day IN SELECT generate_series(current_date + 1, current_date + ahead, interval '1 day')::date LOOP
        part := 'outbox_' || to_char(day, 'YYYYMMDD');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF outbox FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 70)',
                part, day::timestamptz, (day + 1)::timestamptz
            );
            changed := changed + 1;
        END IF;
    END LOOP;
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'outbox'::regclass AND c.relname ~ '^outbox_\d{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < current_date - keep
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE published_at IS NULL)', part) INTO unpublished;
        IF NOT unpublished THEN
            EXECUTE format('DROP TABLE %I', part);
            changed := changed + 1;
        END IF;
    END LOOP;
    DELETE FROM outbox_default
    WHERE published_at < now() - make_interval(days => keep) AND created_at < now() - make_interval(days => keep);
    RETURN changed;
END $$;

CREATE TABLE inbox (
    consumer   text NOT NULL,
    source     text NOT NULL,
    event_id   text NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, source, event_id)
);
CREATE INDEX inbox_claimed_at ON inbox USING brin (claimed_at);

CREATE TABLE dead_letters (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer      text NOT NULL,
    topic         text NOT NULL,
    partition     int NOT NULL,
    record_offset bigint NOT NULL,
    key           text,
    event_type    text,
    event_id      text,
    header_names  text[] NOT NULL,
    header_values bytea[] NOT NULL,
    key_bytes     bytea,
    value         bytea,
    reason        text NOT NULL CHECK (reason IN ('undecodable', 'refused', 'failed', 'held')),
    detail        text NOT NULL,
    attempts      int NOT NULL DEFAULT 1,
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'discarded', 'superseded')),
    closed_why    text,
    parked_at     timestamptz NOT NULL DEFAULT now(),
    closed_at     timestamptz,
    UNIQUE (consumer, topic, partition, record_offset)
);
CREATE INDEX dead_letters_open ON dead_letters (consumer, topic, key, id) WHERE state = 'open';

-- While a key is parked, later events of the same key wait behind it, so that their order survives.
CREATE TABLE parked_keys (
    consumer  text NOT NULL,
    topic     text NOT NULL,
    key       text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic, key)
);

-- A consumer that parked too many records in a row waits here for a person.
CREATE TABLE consumer_stops (
    consumer   text PRIMARY KEY,
    why        text NOT NULL,
    stopped_at timestamptz NOT NULL DEFAULT now()
);

-- What a consumer has taken off each topic, and what the broker says was produced: the two must agree.
CREATE TABLE consumed_positions (
    consumer    text NOT NULL,
    topic       text NOT NULL,
    partition   int NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (consumer, topic, partition)
);
CREATE TABLE ingested (
    consumer text NOT NULL,
    topic    text NOT NULL,
    day      date NOT NULL,
    records  bigint NOT NULL,
    PRIMARY KEY (consumer, topic, day)
);
CREATE TABLE produced (
    consumer text NOT NULL,
    topic    text NOT NULL,
    day      date NOT NULL,
    records  bigint NOT NULL,
    as_of    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic, day)
);
