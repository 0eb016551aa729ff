-- In which region somebody works, and for which regions a programme is.
ALTER TABLE people ADD COLUMN region text;
ALTER TABLE programmes ADD COLUMN audience_regions text[] NOT NULL DEFAULT '{}';

CREATE OR REPLACE FUNCTION in_audience(p people, g programmes) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p.status = 'active'
       AND (g.audience_units = '{}' OR g.audience_units && p.unit_path)
       AND (g.audience_sites = '{}' OR p.site_code = ANY (g.audience_sites))
       AND (g.audience_regions = '{}' OR coalesce(p.region = ANY (g.audience_regions), false))
       AND (g.audience_jobs = '{}' OR p.job_code = ANY (g.audience_jobs))
       AND (g.audience_skills = '{}' OR g.audience_skills && p.skills)
       AND (g.tenure_min_months IS NULL OR p.hired_on <= current_date - make_interval(months => g.tenure_min_months))
       AND (g.tenure_max_months IS NULL OR p.hired_on > current_date - make_interval(months => g.tenure_max_months))
       AND (NOT g.audience_facilitators OR p.facilitator_ready AND EXISTS (
           SELECT FROM sessions AS s WHERE s.facilitator_id = p.person_id AND s.state <> 'cancelled'
       ))
$$;
