-- How many people courses leave with a question that a session brought up, as sessions tells it: in fives.

CREATE TABLE course_gaps (
    programme_id uuid NOT NULL,
    course       text NOT NULL,
    month        date NOT NULL,
    version      int NOT NULL,
    people       int NOT NULL CHECK (people >= 5),
    PRIMARY KEY (programme_id, course, month)
);
COMMENT ON COLUMN course_gaps.course IS 'its id for LTI and xAPI';
CREATE INDEX course_gaps_month ON course_gaps (month, course, programme_id);
