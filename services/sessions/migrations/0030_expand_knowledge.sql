-- What people leave for others: challenges, lessons learned and resources, found by skill and word, good until a day.

-- `author_id` is null where a level of confidentiality names nobody. `waiting`: ratings that wait until there are five;
-- sorted and rewritten whole, so that neither place nor transaction says whose each is. `quality`: hundredths of a point,
-- drawn towards 3 by ten ratings that nobody has given.
CREATE TABLE knowledge (
    item_id         uuid PRIMARY KEY,
    version         int NOT NULL DEFAULT 1,
    kind            text NOT NULL CHECK (kind IN ('challenge', 'lesson', 'resource')),
    state           text NOT NULL DEFAULT 'current' CHECK (state IN ('current', 'expired', 'withdrawn')),
    scope           text NOT NULL CHECK (scope IN ('everybody', 'group')),
    confidentiality text NOT NULL CHECK (confidentiality IN ('open', 'chatham', 'closed')),
    programme_id    uuid REFERENCES programmes,
    group_id        uuid REFERENCES groups ON DELETE CASCADE,
    session_id      uuid REFERENCES sessions ON DELETE SET NULL,
    author_id       uuid,
    title           text NOT NULL,
    text            text NOT NULL,
    context         text,
    desired_result  text,
    link            text,
    skills          text[] NOT NULL,
    level           int CHECK (level BETWEEN 0 AND 5),
    stage           text,
    job_code        text,
    challenge_id    uuid REFERENCES knowledge ON DELETE SET NULL,
    verified_by     uuid,
    verified_on     date,
    expires_on      date NOT NULL,
    written_on      date NOT NULL DEFAULT current_date,
    waiting         smallint[] NOT NULL DEFAULT '{}',
    rated           int NOT NULL DEFAULT 0,
    rating_total    int NOT NULL DEFAULT 0,
    quality         int NOT NULL GENERATED ALWAYS AS ((3000 + 100 * rating_total) / (10 + rated)) STORED,
    words           tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', title), 'A')
        || to_tsvector('simple', text || ' ' || coalesce(context, '') || ' ' || coalesce(desired_result, ''))
    ) STORED,
    CHECK (scope = 'everybody' OR group_id IS NOT NULL),
    CHECK (scope = 'group' OR confidentiality <> 'closed')
);
CREATE INDEX knowledge_words ON knowledge USING gin (words);
CREATE INDEX knowledge_skills ON knowledge USING gin (skills);
CREATE INDEX knowledge_best ON knowledge (quality DESC, item_id DESC) WHERE state = 'current';
CREATE INDEX knowledge_group ON knowledge (group_id);
CREATE INDEX knowledge_session ON knowledge (session_id);
CREATE INDEX knowledge_programme ON knowledge (programme_id);
CREATE INDEX knowledge_challenge ON knowledge (challenge_id);
CREATE INDEX knowledge_author ON knowledge (author_id);
CREATE INDEX knowledge_expiry ON knowledge (expires_on) WHERE state = 'current';
CREATE INDEX skills_words ON skills USING gin (to_tsvector('simple', label));

-- Once a person and day, however often they look.
CREATE TABLE knowledge_uses (
    item_id   uuid NOT NULL REFERENCES knowledge ON DELETE CASCADE,
    person_id uuid NOT NULL,
    day       date NOT NULL DEFAULT current_date,
    PRIMARY KEY (item_id, person_id, day)
);
CREATE INDEX knowledge_uses_person ON knowledge_uses (person_id);
CREATE INDEX knowledge_uses_day ON knowledge_uses (day);

-- That somebody has rated, and nothing of what.
CREATE TABLE knowledge_rated (
    item_id   uuid NOT NULL REFERENCES knowledge ON DELETE CASCADE,
    person_id uuid NOT NULL,
    PRIMARY KEY (item_id, person_id)
);
CREATE INDEX knowledge_rated_person ON knowledge_rated (person_id);

-- What was last told of how many people; a count that rises by one would name somebody.
CREATE TABLE knowledge_counts (
    item_id uuid NOT NULL REFERENCES knowledge ON DELETE CASCADE,
    month   date NOT NULL,
    version int NOT NULL,
    people  int NOT NULL,
    uses    int NOT NULL,
    PRIMARY KEY (item_id, month)
);
