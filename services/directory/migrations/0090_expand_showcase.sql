-- Who shows that they teach a skill, by their own choice; and who was invited to, because others say that they do it well.

CREATE TABLE showcase (
    person_id  uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    skill_id   text NOT NULL,
    state      text NOT NULL CHECK (state IN ('invited', 'shown', 'declined')),
    since      date NOT NULL DEFAULT current_date,
    PRIMARY KEY (person_id, skill_id)
);
COMMENT ON TABLE showcase IS 'An invitation is known to the person alone; declined once, nobody is invited again.';
CREATE INDEX showcase_shown ON showcase (skill_id, person_id) WHERE state = 'shown';
