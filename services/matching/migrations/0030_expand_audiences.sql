-- A programme may be for some sites, jobs, skills and lengths of service, and not only for units.

ALTER TABLE people ADD COLUMN job_code text;

ALTER TABLE programmes
    ADD COLUMN audience_sites    text[] NOT NULL DEFAULT '{}',
    ADD COLUMN audience_jobs     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN audience_skills   text[] NOT NULL DEFAULT '{}',
    ADD COLUMN tenure_min_months int,
    ADD COLUMN tenure_max_months int;

-- Empty lists are everybody; a null bound is none.
CREATE FUNCTION in_audience(p people, g programmes) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (g.audience_units = '{}' OR g.audience_units && p.unit_path)
       AND (g.audience_sites = '{}' OR p.site_code = ANY (g.audience_sites))
       AND (g.audience_jobs = '{}' OR coalesce(p.job_code = ANY (g.audience_jobs), false))
       AND (g.audience_skills = '{}' OR g.audience_skills && p.offered_skills OR EXISTS (
           SELECT FROM jsonb_array_elements(p.needs) AS need WHERE need ->> 'skill_id' = ANY (g.audience_skills)
       ))
       AND (g.tenure_min_months IS NULL OR p.hired_on <= current_date - make_interval(months => g.tenure_min_months))
       AND (g.tenure_max_months IS NULL OR p.hired_on > current_date - make_interval(months => g.tenure_max_months))
$$;
