-- Which ids are pseudonyms of people who are forgotten; whose, nobody knows.
CREATE TABLE pseudonyms (
    pseudonym uuid PRIMARY KEY
);

-- Ids under which facts stand that came after their people were forgotten: the same few for all of them.
CREATE FUNCTION nobody(seat bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(seat), 12, '0'))::uuid
$$;

-- Rows as a store that is made anew must have them, too: without the transactions that wrote them, and with one name
-- for all who are forgotten, whose pseudonyms are drawn anew.
CREATE FUNCTION named(person uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN NOT EXISTS (SELECT FROM pseudonyms WHERE pseudonym = person) THEN person END
$$;
CREATE VIEW compared_participations AS
SELECT to_jsonb(fact) - 'changed_by' || jsonb_build_object('person_id', named(person_id)) AS row
FROM participations AS fact;
CREATE VIEW compared_membership AS
SELECT to_jsonb(state) || jsonb_build_object('person_id', named(person_id)) AS row FROM membership AS state;
CREATE VIEW compared_spans AS
SELECT to_jsonb(span) - 'changed_by' || jsonb_build_object('person_id', named(person_id)) AS row FROM spans AS span;
CREATE VIEW compared_sessions AS
SELECT to_jsonb(session) - 'changed_by' || jsonb_build_object('facilitator_id', named(facilitator_id)) AS row
FROM sessions AS session;
CREATE VIEW compared_matches AS
SELECT to_jsonb(match) - 'changed_by' || jsonb_build_object('member_ids', array(
    SELECT named(member) FROM unnest(member_ids) WITH ORDINALITY AS each (member, place) ORDER BY place
)) AS row FROM matches AS match;
