-- An organization's own formats and playbooks, audiences by more than the unit, and what planning must know of people.

-- `rules` holds what differs from the format it is based on.
CREATE TABLE formats (
    name     text PRIMARY KEY,
    based_on text NOT NULL,
    rules    jsonb NOT NULL
);

-- Version 1 of a playbook is the catalogue's; these are the ones that follow.
CREATE TABLE playbooks (
    format  text NOT NULL,
    version int NOT NULL CHECK (version > 1),
    steps   text[] NOT NULL,
    PRIMARY KEY (format, version)
);

ALTER TABLE programmes
    ADD COLUMN audience_sites    text[] NOT NULL DEFAULT '{}',
    ADD COLUMN audience_jobs     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN audience_skills   text[] NOT NULL DEFAULT '{}',
    ADD COLUMN tenure_min_months int,
    ADD COLUMN tenure_max_months int,
    ADD COLUMN stretch_minutes   int NOT NULL DEFAULT 0,
    ADD COLUMN published_on      date;

ALTER TABLE people
    ADD COLUMN manager_id          uuid,
    ADD COLUMN unit_path           text[] NOT NULL DEFAULT '{}',
    ADD COLUMN site_code           text,
    ADD COLUMN job_code            text,
    ADD COLUMN job_function        text,
    ADD COLUMN skills              text[] NOT NULL DEFAULT '{}',
    ADD COLUMN facilitator_ready   boolean NOT NULL DEFAULT false,
    ADD COLUMN ready_since         date,
    ADD COLUMN time_budget_minutes int;

-- Empty lists are everybody; a null bound is none. Inlined, so that its columns' indexes serve.
CREATE FUNCTION in_audience(p people, g programmes) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p.status = 'active'
       AND (g.audience_units = '{}' OR g.audience_units && p.unit_path)
       AND (g.audience_sites = '{}' OR p.site_code = ANY (g.audience_sites))
       AND (g.audience_jobs = '{}' OR p.job_code = ANY (g.audience_jobs))
       AND (g.audience_skills = '{}' OR g.audience_skills && p.skills)
       AND (g.tenure_min_months IS NULL OR p.hired_on <= current_date - make_interval(months => g.tenure_min_months))
       AND (g.tenure_max_months IS NULL OR p.hired_on > current_date - make_interval(months => g.tenure_max_months))
$$;
