-- What the numbers are told apart by: who belonged where and when, units, programmes, skills.

-- One row per date from which something became true of a person. Of two rows that both hold on a day the one with the
-- higher version was known later and wins, so every order of arrival ends in the same history.
CREATE TABLE membership (
    person_id  uuid NOT NULL,
    valid_from date NOT NULL,
    version    int NOT NULL,
    unit_path  text[] NOT NULL,
    status     text NOT NULL CHECK (status IN ('prehire', 'active', 'leave', 'left')),
    hired_on   date NOT NULL,
    PRIMARY KEY (person_id, valid_from)
);

-- The same as spans without overlap. What is known first also holds before, back to the day of hire.
CREATE VIEW membership_spans AS
WITH known AS (
    SELECT *, max(version) OVER (
        PARTITION BY person_id ORDER BY valid_from ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS surpassed
    FROM membership
),
lasting AS (
    SELECT *, row_number() OVER by_date AS place, lead(valid_from, 1, 'infinity') OVER by_date AS valid_to
    FROM known
    WHERE surpassed IS NULL OR version > surpassed
    WINDOW by_date AS (PARTITION BY person_id ORDER BY valid_from)
)
SELECT person_id, unit_path, status, valid_to,
    CASE WHEN place = 1 AND status <> 'prehire' THEN least(valid_from, hired_on) ELSE valid_from END AS valid_from
FROM lasting;

-- The unit a person belonged to on a day; before all that is known, the first that is known; empty for a stranger.
CREATE FUNCTION unit_path_on(person uuid, day date) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT unit_path FROM membership WHERE person_id = person
        ORDER BY valid_from <= day DESC, CASE WHEN valid_from <= day THEN -version END, valid_from
        LIMIT 1
    ), '{}')
$$;

CREATE TABLE erased_people (
    person_id uuid PRIMARY KEY,
    erased_on date NOT NULL,
    touched   int NOT NULL
);

CREATE TABLE units (
    code    text PRIMARY KEY,
    version int NOT NULL,
    name    text NOT NULL,
    path    text[] NOT NULL
);

CREATE TABLE skills (
    skill_id text PRIMARY KEY,
    version  int NOT NULL,
    label    text NOT NULL
);

CREATE TABLE programmes (
    programme_id   uuid PRIMARY KEY,
    version        int NOT NULL,
    status         text NOT NULL,
    name           text NOT NULL,
    format         text NOT NULL,
    audience_units text[] NOT NULL,
    starts_on      date NOT NULL,
    ends_on        date NOT NULL,
    goals          jsonb NOT NULL
);
