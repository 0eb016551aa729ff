-- Who may be suggested for a skill, by each language they speak, in the order of a lot: some of very many are read
-- without reading all.

CREATE TABLE skill_offers (
    skill_id  text NOT NULL,
    language  text NOT NULL,
    lot       bigint NOT NULL,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    level     int NOT NULL,
    PRIMARY KEY (skill_id, language, lot, person_id) INCLUDE (level)
);
CREATE INDEX skill_offers_person ON skill_offers (person_id);

CREATE FUNCTION open_offers(p people) RETURNS SETOF skill_offers LANGUAGE sql IMMUTABLE AS $$
    SELECT offer ->> 'skill_id', language, uuid_hash_extended(p.person_id, 0), p.person_id, max((offer ->> 'level')::int)
    FROM jsonb_array_elements(p.offers) AS offer CROSS JOIN unnest(p.languages) AS language
    WHERE p.status = 'active' AND p.opted_in
    GROUP BY offer ->> 'skill_id', language
$$;

-- Whoever writes people, also one of an earlier release, what they offer follows in the same statement.
CREATE FUNCTION keep_skill_offers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        changed := ARRAY(
            SELECT person_id FROM added JOIN removed USING (person_id)
            WHERE (added.offers, added.languages, added.status, added.opted_in)
                IS DISTINCT FROM (removed.offers, removed.languages, removed.status, removed.opted_in)
        );
        DELETE FROM skill_offers WHERE person_id = ANY (changed);
    END IF;
    INSERT INTO skill_offers
    SELECT offer.* FROM added CROSS JOIN LATERAL open_offers(added::people) AS offer
    WHERE changed IS NULL OR added.person_id = ANY (changed);
    RETURN NULL;
END $$;

CREATE TRIGGER skill_offers_after_insert AFTER INSERT ON people
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_skill_offers();
CREATE TRIGGER skill_offers_after_update AFTER UPDATE ON people
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_skill_offers();
