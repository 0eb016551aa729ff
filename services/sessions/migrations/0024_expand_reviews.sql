-- Peer review: a round in a group, works by its members, and who reviews which by when.

CREATE TABLE review_rounds (
    round_id  uuid PRIMARY KEY,
    group_id  uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    rubric    jsonb NOT NULL,
    reviewers int NOT NULL CHECK (reviewers BETWEEN 1 AND 5),
    submit_by date NOT NULL,
    review_by date NOT NULL CHECK (review_by > submit_by),
    state     text NOT NULL DEFAULT 'collecting' CHECK (state IN ('collecting', 'reviewing', 'closed'))
);
CREATE INDEX review_rounds_group ON review_rounds (group_id, round_id);
CREATE INDEX review_rounds_running ON review_rounds (submit_by) WHERE state <> 'closed';

CREATE TABLE works (
    work_id   uuid PRIMARY KEY,
    round_id  uuid NOT NULL REFERENCES review_rounds ON DELETE CASCADE,
    author_id uuid NOT NULL,
    title     text NOT NULL,
    link      text NOT NULL,
    state     text NOT NULL DEFAULT 'submitted' CHECK (state IN ('submitted', 'escalated', 'delivered')),
    verdict   text,
    UNIQUE (round_id, author_id)
);
CREATE INDEX works_author ON works (author_id);

CREATE TABLE reviews (
    review_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    work_id     uuid NOT NULL REFERENCES works ON DELETE CASCADE,
    reviewer_id uuid NOT NULL,
    state       text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'done', 'missed')),
    again       boolean NOT NULL DEFAULT false,
    due_on      date NOT NULL,
    scores      int[],
    comment     text,
    UNIQUE (work_id, reviewer_id)
);
CREATE INDEX reviews_reviewer ON reviews (reviewer_id, review_id);
CREATE INDEX reviews_asked ON reviews (due_on) WHERE state = 'asked';
