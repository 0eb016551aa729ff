-- What people want to learn and how far they are from it; who wants more help with what; what has not been renewed.

-- [{skill_id, level, target}]. Filled by the next state of each person.
ALTER TABLE people ADD COLUMN needs jsonb NOT NULL DEFAULT '[]';

-- For nobody but the person: it chooses easier resources, and is neither published nor counted.
CREATE TABLE extra_support (
    person_id uuid NOT NULL,
    skill_id  text NOT NULL,
    PRIMARY KEY (person_id, skill_id)
);

-- How many want a skill, month by month, as last told: in fives, and only when it has moved by five people.
CREATE TABLE need_counts (
    skill_id text NOT NULL,
    month    date NOT NULL,
    people   int NOT NULL CHECK (people % 5 = 0),
    PRIMARY KEY (skill_id, month)
);

-- Of what was there before, the day it was written.
ALTER TABLE knowledge ADD COLUMN refreshed_on date;
ALTER TABLE knowledge ALTER COLUMN refreshed_on SET DEFAULT current_date;
ALTER TABLE playbooks ADD COLUMN written_on date;
ALTER TABLE playbooks ALTER COLUMN written_on SET DEFAULT current_date;
