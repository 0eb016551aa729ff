-- What a teacher is scored by lies beside each of their offers, packed: some hundreds are read from one stretch of an
-- index, and nothing is looked up for each. `services/matching/store/teachers.py` reads these layouts.
ALTER TABLE skill_offers ADD COLUMN profile bytea, ADD COLUMN marks bytea, ADD COLUMN places bytea;

-- Eight bytes of a text, which whoever reads can make too.
CREATE FUNCTION mark(words text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT decode(left(md5(words), 16), 'hex')
$$;

CREATE FUNCTION offer_profile(p people, level int) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT uuid_send(p.person_id) || uuid_send(coalesce(p.manager_id, '00000000-0000-0000-0000-000000000000'))
        || mark(p.unit_code) || mark(p.time_zone) || int4send(level) || int4send(p.job_level)
        || int4send(p.time_budget_minutes) || int4send(coalesce(p.paused_until - date '2000-01-01', -2147483648))
        || int2send(p.work_starts::int2) || int2send(p.work_ends::int2) || int2send(p.capacity::int2)
        || int2send(((1 = ANY (p.work_days))::int + 2 * (2 = ANY (p.work_days))::int + 4 * (3 = ANY (p.work_days))::int
            + 8 * (4 = ANY (p.work_days))::int + 16 * (5 = ANY (p.work_days))::int
            + 32 * (6 = ANY (p.work_days))::int + 64 * (7 = ANY (p.work_days))::int)::int2)
        || int2send((CASE p.time_of_day WHEN 'morning' THEN 1 WHEN 'afternoon' THEN 2 ELSE 0 END)::int2)
        || int2send(least(64, jsonb_array_length(p.needs) + cardinality(p.experience))::int2)
$$;

-- What they want to learn, with the level they have in its last three bits, and their tags: an index takes so many.
CREATE FUNCTION offer_marks(p people) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(each, ''), '') FROM (
        SELECT set_byte(mark(need ->> 'skill_id'), 7,
            get_byte(mark(need ->> 'skill_id'), 7) & 248 | (need ->> 'level')::int)
        FROM jsonb_array_elements(p.needs) AS need
        UNION ALL
        SELECT mark('#' || tag) FROM unnest(p.experience) AS tag
        LIMIT 64
    ) AS held (each)
$$;

-- What questions are narrowed to: site, units and languages, again as many as an index takes.
CREATE FUNCTION offer_places(p people) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(mark(each), '') FROM (
        SELECT 'site/' || p.site_code
        UNION ALL SELECT 'unit/' || unit FROM unnest(p.unit_path) AS unit
        UNION ALL SELECT 'language/' || language FROM unnest(p.languages) AS language
        LIMIT 48
    ) AS held (each)
$$;

CREATE OR REPLACE FUNCTION open_offers(p people) RETURNS SETOF skill_offers LANGUAGE sql IMMUTABLE AS $$
    SELECT offer.skill_id, language, uuid_hash_extended(p.person_id, 0), p.person_id, offer.level,
        offer_profile(p, offer.level), held.marks, held.places
    FROM (
        SELECT offer ->> 'skill_id' AS skill_id, max((offer ->> 'level')::int) AS level
        FROM jsonb_array_elements(p.offers) AS offer GROUP BY 1
    ) AS offer
    CROSS JOIN (SELECT DISTINCT unnest(p.languages) AS language) AS spoken
    CROSS JOIN (SELECT offer_marks(p) AS marks, offer_places(p) AS places OFFSET 0) AS held
    WHERE p.status = 'active' AND p.opted_in
$$;

CREATE OR REPLACE FUNCTION keep_skill_offers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        changed := ARRAY(
            SELECT p.person_id FROM added AS p JOIN removed AS o USING (person_id)
            WHERE (p.offers, p.languages, p.status, p.opted_in, p.manager_id, p.unit_code, p.time_zone, p.job_level,
                p.time_budget_minutes, p.paused_until, p.work_starts, p.work_ends, p.capacity, p.work_days,
                p.time_of_day, p.needs, p.experience, p.site_code, p.unit_path)
                IS DISTINCT FROM (o.offers, o.languages, o.status, o.opted_in, o.manager_id, o.unit_code, o.time_zone,
                o.job_level, o.time_budget_minutes, o.paused_until, o.work_starts, o.work_ends, o.capacity,
                o.work_days, o.time_of_day, o.needs, o.experience, o.site_code, o.unit_path)
        );
        DELETE FROM skill_offers WHERE person_id = ANY (changed);
    END IF;
    INSERT INTO skill_offers
    SELECT offer.* FROM added CROSS JOIN LATERAL open_offers(added::people) AS offer
    WHERE changed IS NULL OR added.person_id = ANY (changed);
    RETURN NULL;
END $$;
