-- Links a newcomer goes through, ticked off by themselves; questions a course has left open, counted and never listed.

-- `place`: within its stage.
CREATE TABLE onboarding_links (
    link_id      uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    stage        text NOT NULL,
    place        int NOT NULL,
    title        text NOT NULL,
    url          text NOT NULL
);
CREATE INDEX onboarding_links_programme ON onboarding_links (programme_id, place, link_id);

CREATE TABLE onboarding_ticks (
    link_id   uuid NOT NULL REFERENCES onboarding_links ON DELETE CASCADE,
    person_id uuid NOT NULL,
    PRIMARY KEY (link_id, person_id)
);
CREATE INDEX onboarding_ticks_person ON onboarding_ticks (person_id);

CREATE TABLE course_questions (
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    course     text NOT NULL,
    person_id  uuid NOT NULL,
    asked_on   date NOT NULL DEFAULT current_date,
    PRIMARY KEY (session_id, course, person_id)
);
CREATE INDEX course_questions_person ON course_questions (person_id);
CREATE INDEX course_questions_day ON course_questions (asked_on);

-- What was last told of how many people; a count that rises by one would name somebody.
CREATE TABLE course_gap_counts (
    programme_id uuid NOT NULL,
    course       text NOT NULL,
    month        date NOT NULL,
    version      int NOT NULL,
    people       int NOT NULL,
    PRIMARY KEY (programme_id, course, month)
);
