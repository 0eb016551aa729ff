-- What happened, the roll-up kept in step with it, and how fresh all of it is.

CREATE TABLE participations (
    session_id    uuid NOT NULL,
    person_id     uuid NOT NULL,
    month         date NOT NULL,
    starts_at     timestamptz NOT NULL,
    version       int NOT NULL,
    programme_id  uuid NOT NULL,
    format        text NOT NULL,
    unit_path     text[] NOT NULL,
    state         text NOT NULL,
    role          text NOT NULL,
    minutes       int NOT NULL,
    contributions int NOT NULL,
    PRIMARY KEY (session_id, person_id, month)
) PARTITION BY RANGE (month);

CREATE INDEX participations_person ON participations (person_id);
CREATE TABLE participations_default PARTITION OF participations DEFAULT;

-- Makes the partition of a month; dates beyond reason stay in the default partition, so that bad data makes no tables.
CREATE FUNCTION ensure_participations(wanted date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    part text := 'participations_' || to_char(wanted, 'YYYYMM');
    following date := (wanted + interval '1 month')::date;
BEGIN
    IF wanted NOT BETWEEN current_date - 3650 AND current_date + 1100 OR to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext(part));
    IF to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE participations)', part);
    EXECUTE format('ALTER TABLE participations ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        part, wanted, following);
    RETURN true;
END $$;

CREATE TABLE participation_months (
    month           date NOT NULL,
    unit_path       text[] NOT NULL,
    programme_id    uuid NOT NULL,
    format          text NOT NULL,
    registered      bigint NOT NULL,
    waitlisted      bigint NOT NULL,
    cancelled_early bigint NOT NULL,
    cancelled_late  bigint NOT NULL,
    attended        bigint NOT NULL,
    no_show         bigint NOT NULL,
    excused         bigint NOT NULL,
    minutes         bigint NOT NULL,
    contributions   bigint NOT NULL,
    PRIMARY KEY (month, unit_path, programme_id, format)
) WITH (fillfactor = 80);

-- Takes facts as they were out of the roll-up and puts facts as they are into it, in one order for every writer.
CREATE FUNCTION shift_months(removed participations[], added participations[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO participation_months AS kept
    SELECT month, unit_path, programme_id, format,
        coalesce(sum(sign) FILTER (WHERE state = 'registered'), 0),
        coalesce(sum(sign) FILTER (WHERE state = 'waitlisted'), 0),
        coalesce(sum(sign) FILTER (WHERE state = 'cancelled_early'), 0),
        coalesce(sum(sign) FILTER (WHERE state = 'cancelled_late'), 0),
        coalesce(sum(sign) FILTER (WHERE state = 'attended'), 0),
        coalesce(sum(sign) FILTER (WHERE state = 'no_show'), 0),
        coalesce(sum(sign) FILTER (WHERE state = 'excused'), 0),
        coalesce(sum(sign * minutes) FILTER (WHERE state = 'attended'), 0),
        coalesce(sum(sign * contributions) FILTER (WHERE state = 'attended'), 0)
    FROM (SELECT -1 AS sign, * FROM unnest(removed) UNION ALL SELECT 1, * FROM unnest(added)) AS changes
    GROUP BY month, unit_path, programme_id, format
    ORDER BY month, unit_path, programme_id, format
    ON CONFLICT (month, unit_path, programme_id, format) DO UPDATE SET
        registered = kept.registered + excluded.registered,
        waitlisted = kept.waitlisted + excluded.waitlisted,
        cancelled_early = kept.cancelled_early + excluded.cancelled_early,
        cancelled_late = kept.cancelled_late + excluded.cancelled_late,
        attended = kept.attended + excluded.attended,
        no_show = kept.no_show + excluded.no_show,
        excused = kept.excused + excluded.excused,
        minutes = kept.minutes + excluded.minutes,
        contributions = kept.contributions + excluded.contributions
$$;

-- The triggers see the rows as they really were and are: whoever writes facts, the roll-up follows in the same statement.
CREATE FUNCTION keep_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN
            PERFORM shift_months(NULL, (SELECT array_agg(a::participations) FROM added a));
        WHEN 'DELETE' THEN
            PERFORM shift_months((SELECT array_agg(r::participations) FROM removed r), NULL);
        WHEN 'UPDATE' THEN
            PERFORM shift_months((SELECT array_agg(r::participations) FROM removed r),
                (SELECT array_agg(a::participations) FROM added a));
    END CASE;
    RETURN NULL;
END $$;

CREATE TRIGGER months_after_insert AFTER INSERT ON participations
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_months();
CREATE TRIGGER months_after_update AFTER UPDATE ON participations
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_months();
CREATE TRIGGER months_after_delete AFTER DELETE ON participations
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION keep_months();

CREATE TABLE sessions (
    session_id     uuid PRIMARY KEY,
    version        int NOT NULL,
    state          text NOT NULL CHECK (state IN ('scheduled', 'cancelled', 'held')),
    programme_id   uuid NOT NULL,
    group_id       uuid NOT NULL,
    match_id       uuid,
    format         text NOT NULL,
    starts_at      timestamptz NOT NULL,
    facilitator_id uuid
);
CREATE INDEX sessions_starts_at ON sessions (starts_at) WHERE state = 'held';
CREATE INDEX sessions_facilitator ON sessions (facilitator_id) WHERE facilitator_id IS NOT NULL;

-- `outcome` is the answer to a proposal and outlives the match.
CREATE TABLE matches (
    match_id        uuid PRIMARY KEY,
    version         int NOT NULL,
    kind            text NOT NULL,
    programme_id    uuid NOT NULL,
    member_ids      uuid[] NOT NULL,
    member_roles    text[] NOT NULL,
    outcome         text CHECK (outcome IN ('accepted', 'declined', 'expired')),
    outcome_version int NOT NULL,
    first_seen_at   timestamptz NOT NULL
);
CREATE INDEX matches_members ON matches USING gin (member_ids);
CREATE INDEX matches_answered ON matches (first_seen_at) WHERE outcome IS NOT NULL;

-- Batches of five or more anonymous answers: the smallest thing known of feedback.
CREATE TABLE feedback (
    batch_id     uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    format       text NOT NULL,
    division     text NOT NULL,
    month        date NOT NULL,
    answers      int NOT NULL,
    usefulness   int NOT NULL,
    relevance    int NOT NULL,
    engagement   int NOT NULL
);
CREATE INDEX feedback_month ON feedback (month);

-- How long events took to be seen here. Each batch adds a row and waits for nobody; a timer folds them into hours.
CREATE TABLE lag_samples (
    visible_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_event_at timestamptz NOT NULL,
    buckets       smallint[] NOT NULL,
    events        int[] NOT NULL
);
CREATE INDEX lag_samples_visible_at ON lag_samples (visible_at);

CREATE TABLE lag_hours (
    hour          timestamptz NOT NULL,
    bucket        smallint NOT NULL,
    events        bigint NOT NULL,
    visible_at    timestamptz NOT NULL,
    last_event_at timestamptz NOT NULL,
    PRIMARY KEY (hour, bucket)
);
