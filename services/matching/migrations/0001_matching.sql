-- What matching knows of people, skills and programmes, and what it decides.

CREATE TABLE people (
    person_id           uuid PRIMARY KEY,
    version             int NOT NULL,
    status              text NOT NULL,
    unit_code           text NOT NULL,
    unit_path           text[] NOT NULL,
    manager_id          uuid,
    job_level           int NOT NULL,
    job_function        text,
    site_code           text NOT NULL,
    time_zone           text NOT NULL,
    work_starts         int NOT NULL,
    work_ends           int NOT NULL,
    work_days           int[] NOT NULL,
    languages           text[] NOT NULL,
    offers              jsonb NOT NULL,
    needs               jsonb NOT NULL,
    offered_skills      text[] NOT NULL,
    capacity            int NOT NULL,
    time_budget_minutes int NOT NULL,
    facilitator_ready   boolean NOT NULL,
    opted_in            boolean NOT NULL,
    paused_until        date,
    not_with            uuid[] NOT NULL,
    hired_on            date NOT NULL
);
CREATE INDEX people_manager ON people (manager_id);
CREATE INDEX people_hired_on ON people (hired_on);
CREATE INDEX people_offered_skills ON people USING gin (offered_skills);
CREATE INDEX people_not_with ON people USING gin (not_with) WHERE not_with <> '{}';

-- Nothing brings these people back; `rows` is what forgetting them took away, for the receipt.
CREATE TABLE erased_people (
    person_id uuid PRIMARY KEY,
    rows      int NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE skills (
    skill_id text PRIMARY KEY,
    version  int NOT NULL,
    label    text NOT NULL
);

CREATE TABLE programmes (
    programme_id    uuid PRIMARY KEY,
    version         int NOT NULL,
    status          text NOT NULL,
    format          text NOT NULL,
    modality        text NOT NULL,
    audience_units  text[] NOT NULL,
    skills          text[] NOT NULL,
    group_size_min  int NOT NULL,
    group_size_max  int NOT NULL,
    cadence_days    int NOT NULL,
    session_minutes int NOT NULL
);

-- The newest version counts; the older ones say what earlier rounds went by.
CREATE TABLE rules (
    programme_id uuid NOT NULL,
    version      int NOT NULL,
    rules        jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (programme_id, version)
);

CREATE TABLE rounds (
    round_id            uuid PRIMARY KEY,
    programme_id        uuid NOT NULL REFERENCES programmes,
    kind                text NOT NULL CHECK (kind IN ('pair', 'circle', 'buddy')),
    published           boolean NOT NULL,
    seed                bigint NOT NULL,
    rules_version       int NOT NULL,
    input_digest        text NOT NULL,
    asked               int NOT NULL,
    matched             int NOT NULL,
    unmatched           int NOT NULL,
    unmatched_by_reason jsonb NOT NULL,
    matches             int NOT NULL,
    value               bigint NOT NULL,
    bound               bigint NOT NULL,
    gap                 double precision NOT NULL,
    timings             jsonb NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    CHECK (matched + unmatched = asked),
    CHECK (bound >= value)
);
CREATE INDEX rounds_programme ON rounds (programme_id, round_id DESC);

CREATE TABLE unmatched (
    round_id  uuid NOT NULL REFERENCES rounds,
    person_id uuid NOT NULL,
    reason    text NOT NULL,
    remaining jsonb NOT NULL,
    opens     jsonb NOT NULL,
    PRIMARY KEY (round_id, person_id)
);
CREATE INDEX unmatched_person ON unmatched (person_id);

CREATE TABLE matches (
    match_id     uuid PRIMARY KEY,
    version      int NOT NULL DEFAULT 1,
    kind         text NOT NULL CHECK (kind IN ('pair', 'circle', 'buddy')),
    state        text NOT NULL CHECK (state IN ('proposed', 'accepted', 'declined', 'expired', 'formed', 'ended')),
    programme_id uuid NOT NULL REFERENCES programmes,
    round_id     uuid REFERENCES rounds,
    skill_id     text,
    score        int NOT NULL,
    reasons      jsonb NOT NULL,
    expires_at   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX matches_programme ON matches (programme_id, match_id DESC);
CREATE INDEX matches_round ON matches (round_id, match_id DESC);
CREATE INDEX matches_expiring ON matches (expires_at) WHERE state = 'proposed';
CREATE INDEX matches_open ON matches (match_id) WHERE state IN ('proposed', 'accepted', 'formed');

CREATE TABLE match_members (
    match_id    uuid NOT NULL REFERENCES matches,
    person_id   uuid NOT NULL,
    role        text NOT NULL
        CHECK (role IN ('learner', 'teacher', 'newcomer', 'buddy', 'participant', 'facilitator')),
    answer      text NOT NULL CHECK (answer IN ('pending', 'accepted', 'declined', 'none')),
    reason_code text,
    PRIMARY KEY (match_id, person_id)
);
CREATE INDEX match_members_person ON match_members (person_id, match_id DESC);
