-- Where a programme's audience is, and who of it may lead circles.

-- Time and learning carry people out of an audience too, and end nothing that has begun: this asks for their place alone.
CREATE FUNCTION in_audience_places(p people, g programmes) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (g.audience_units = '{}' OR g.audience_units && p.unit_path)
       AND (g.audience_sites = '{}' OR p.site_code = ANY (g.audience_sites))
       AND (g.audience_jobs = '{}' OR coalesce(p.job_code = ANY (g.audience_jobs), false))
$$;

CREATE INDEX people_facilitators ON people (md5(person_id::text))
    WHERE facilitator_ready AND status = 'active' AND opted_in;
