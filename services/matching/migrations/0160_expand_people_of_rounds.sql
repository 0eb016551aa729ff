-- A publication asks what a round saw of some people: each has been in many rounds.
CREATE INDEX round_people_of ON round_people (person_id, round_id);
DROP INDEX round_people_person;
