-- How a session is run: an agenda and steps, left for others to use again; and polls on how and when a group meets.

-- A plan belongs to a session as long as that is there. `shared_on`: others may find it and copy it.
CREATE TABLE plans (
    plan_id     uuid PRIMARY KEY,
    session_id  uuid UNIQUE REFERENCES sessions ON DELETE SET NULL,
    author_id   uuid,
    format      text NOT NULL,
    title       text NOT NULL,
    agenda      text NOT NULL,
    steps       text[] NOT NULL,
    minutes     int NOT NULL,
    shared_on   date,
    copied_from uuid REFERENCES plans ON DELETE SET NULL
);
CREATE INDEX plans_author ON plans (author_id, plan_id);
CREATE INDEX plans_shared ON plans (plan_id) WHERE shared_on IS NOT NULL;
CREATE INDEX plans_copied ON plans (copied_from) WHERE copied_from IS NOT NULL;

-- `options`: [{how, rrule, starts_at, time_zone, minutes}]. `applied`: the option the group's series was made by.
CREATE TABLE polls (
    poll_id   uuid PRIMARY KEY,
    group_id  uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    asked_by  uuid,
    question  text NOT NULL,
    options   jsonb NOT NULL,
    closes_at timestamptz NOT NULL,
    applied   int
);
CREATE INDEX polls_group ON polls (group_id, poll_id);
CREATE INDEX polls_asker ON polls (asked_by);

CREATE TABLE poll_votes (
    poll_id   uuid NOT NULL REFERENCES polls ON DELETE CASCADE,
    person_id uuid NOT NULL,
    option    int NOT NULL,
    PRIMARY KEY (poll_id, person_id)
);
CREATE INDEX poll_votes_person ON poll_votes (person_id);
