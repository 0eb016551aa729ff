-- People as HR knows them and as they describe themselves, units, skills, and erasures.

CREATE TABLE skills (
    skill_id text PRIMARY KEY,
    version  int NOT NULL,
    label    text NOT NULL
);

CREATE TABLE units (
    code                 text PRIMARY KEY,
    version              int NOT NULL,
    sequence             bigint NOT NULL,
    name                 text NOT NULL,
    parent_code          text,
    head_employee_number text,
    valid_from           date NOT NULL,
    valid_to             date,
    path                 text[] NOT NULL
);
COMMENT ON COLUMN units.parent_code IS 'May name a unit HR has not told us of yet: no foreign key.';
COMMENT ON COLUMN units.path IS 'Codes from the highest known unit to this one, derived from the parents.';
CREATE INDEX units_parent_code ON units (parent_code);

-- All that HR ever said of a worker. What is not yet due is pending; a timer takes it on its day.
CREATE TABLE worker_records (
    employee_number text NOT NULL,
    effective_at    date NOT NULL,
    sequence        bigint NOT NULL,
    due_at          timestamptz NOT NULL,
    pending         boolean NOT NULL,
    refused         text,
    state           jsonb NOT NULL,
    PRIMARY KEY (employee_number, effective_at, sequence)
);
COMMENT ON COLUMN worker_records.due_at IS 'The first moment of effective_at where the worker is.';
COMMENT ON COLUMN worker_records.refused IS 'Why the record could not be applied when its day came.';
CREATE INDEX worker_records_due ON worker_records (due_at) WHERE pending;

-- The columns from version to leaves_on are what was last published, word for word.
CREATE TABLE people (
    person_id               uuid PRIMARY KEY,
    employee_number         text NOT NULL UNIQUE,
    record_effective_at     date NOT NULL,
    record_sequence         bigint NOT NULL,
    manager_employee_number text,
    given_name              text NOT NULL,
    family_name             text NOT NULL,
    job_title               text NOT NULL,
    employment_type         text NOT NULL,
    profile                 jsonb NOT NULL,
    contact_version         int NOT NULL,
    display_name            text NOT NULL,
    email                   text NOT NULL,
    locale                  text NOT NULL,
    version                 int NOT NULL,
    effective_at            date NOT NULL,
    status                  text NOT NULL CHECK (status IN ('prehire', 'active', 'leave', 'left')),
    unit_code               text NOT NULL,
    unit_path               text[] NOT NULL,
    manager_id              uuid,
    job_code                text NOT NULL,
    job_level               int NOT NULL,
    job_function            text,
    site_code               text NOT NULL,
    country                 text NOT NULL,
    time_zone               text NOT NULL,
    work_starts             int NOT NULL,
    work_ends               int NOT NULL CHECK (work_starts < work_ends),
    work_days               int[] NOT NULL,
    languages               text[] NOT NULL,
    offers                  jsonb NOT NULL,
    needs                   jsonb NOT NULL,
    capacity                int NOT NULL,
    time_budget_minutes     int NOT NULL,
    facilitator_ready       boolean NOT NULL,
    opted_in                boolean NOT NULL,
    paused_until            date,
    not_with                uuid[] NOT NULL,
    hired_on                date NOT NULL,
    leaves_on               date,
    stale                   boolean NOT NULL
);
COMMENT ON COLUMN people.profile IS 'What the person has set themselves; an absent field is left to HR or to the default.';
COMMENT ON COLUMN people.stale IS 'Something this person is derived from has changed: publish again.';
CREATE INDEX people_display_name ON people (display_name, person_id);
CREATE INDEX people_site_code ON people (site_code, display_name, person_id);
CREATE INDEX people_unit_code ON people (unit_code);
CREATE INDEX people_manager ON people (manager_employee_number);
CREATE INDEX people_unit_path ON people USING gin (unit_path);
CREATE INDEX people_offers ON people USING gin (offers jsonb_path_ops);
CREATE INDEX people_not_with ON people USING gin (not_with) WHERE not_with <> '{}';
CREATE INDEX people_stale ON people (person_id) WHERE stale;
CREATE INDEX people_without_manager ON people (manager_employee_number)
    WHERE manager_id IS NULL AND manager_employee_number IS NOT NULL;
CREATE INDEX people_at_a_root ON people (unit_code) WHERE cardinality(unit_path) = 1;

CREATE TABLE erased_workers (
    digest    bytea PRIMARY KEY CHECK (length(digest) = 32),
    erased_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE erased_workers IS 'SHA-256 of employee numbers that HR may still speak of and that nobody may bring back.';

CREATE TABLE erasures (
    request_id   uuid PRIMARY KEY,
    person_id    uuid NOT NULL UNIQUE,
    requested_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE erasure_receipts (
    request_id   uuid NOT NULL REFERENCES erasures,
    service      text NOT NULL,
    rows         int NOT NULL,
    completed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (request_id, service)
);
