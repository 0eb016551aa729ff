-- Colleagues of a newcomer are drawn from a large site, those who do the same work first: in an order that favours
-- nobody, which the whole site's ids in their order would.
CREATE INDEX people_drawn ON people (site_code, md5(person_id::text)) WHERE status = 'active' AND opted_in;
CREATE INDEX people_drawn_alike ON people (site_code, job_function, md5(person_id::text))
    WHERE status = 'active' AND opted_in;
DROP INDEX people_site;
