-- In which region somebody works, and for which regions a programme is.
ALTER TABLE people ADD COLUMN region text;
ALTER TABLE programmes ADD COLUMN audience_regions text[] NOT NULL DEFAULT '{}';

CREATE OR REPLACE FUNCTION in_audience(p people, g programmes) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (g.audience_units = '{}' OR g.audience_units && p.unit_path)
       AND (g.audience_sites = '{}' OR p.site_code = ANY (g.audience_sites))
       AND (g.audience_regions = '{}' OR coalesce(p.region = ANY (g.audience_regions), false))
       AND (g.audience_jobs = '{}' OR coalesce(p.job_code = ANY (g.audience_jobs), false))
       AND (g.audience_skills = '{}' OR g.audience_skills && p.offered_skills OR EXISTS (
           SELECT FROM jsonb_array_elements(p.needs) AS need WHERE need ->> 'skill_id' = ANY (g.audience_skills)
       ))
       AND (g.tenure_min_months IS NULL OR p.hired_on <= current_date - make_interval(months => g.tenure_min_months))
       AND (g.tenure_max_months IS NULL OR p.hired_on > current_date - make_interval(months => g.tenure_max_months))
$$;

CREATE OR REPLACE FUNCTION in_audience_places(p people, g programmes) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (g.audience_units = '{}' OR g.audience_units && p.unit_path)
       AND (g.audience_sites = '{}' OR p.site_code = ANY (g.audience_sites))
       AND (g.audience_regions = '{}' OR coalesce(p.region = ANY (g.audience_regions), false))
       AND (g.audience_jobs = '{}' OR coalesce(p.job_code = ANY (g.audience_jobs), false))
$$;

CREATE OR REPLACE FUNCTION audience_fit(p people, g programmes) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT coalesce((
            SELECT max(depth) FROM unnest(p.unit_path) WITH ORDINALITY AS above (code, depth)
            WHERE above.code = ANY (g.audience_units)
        ), 0)::int
        + (g.audience_sites <> '{}')::int + (g.audience_regions <> '{}')::int + (g.audience_jobs <> '{}')::int
        + (g.audience_skills <> '{}')::int
        + (g.tenure_min_months IS NOT NULL OR g.tenure_max_months IS NOT NULL)::int
$$;
