-- Who reports to whom, and who may facilitate.

CREATE INDEX people_manager ON people (manager_id);
CREATE INDEX people_ready ON people (person_id) WHERE facilitator_ready;
