-- How much was posted on a day in the place elsewhere that a group is linked to.
CREATE TABLE group_posts (
    group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    day      date NOT NULL,
    posts    int NOT NULL CHECK (posts >= 0),
    PRIMARY KEY (group_id, day)
);
