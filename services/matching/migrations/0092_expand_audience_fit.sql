-- How closely a programme is for somebody who is in its audience: how deep the unit it is for lies above them, and one
-- for whatever else it asks.
CREATE FUNCTION audience_fit(p people, g programmes) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT coalesce((
            SELECT max(depth) FROM unnest(p.unit_path) WITH ORDINALITY AS above (code, depth)
            WHERE above.code = ANY (g.audience_units)
        ), 0)::int
        + (g.audience_sites <> '{}')::int + (g.audience_jobs <> '{}')::int + (g.audience_skills <> '{}')::int
        + (g.tenure_min_months IS NOT NULL OR g.tenure_max_months IS NOT NULL)::int
$$;
