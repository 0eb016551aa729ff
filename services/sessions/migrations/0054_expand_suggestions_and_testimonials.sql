-- What people suggest to those who answer for a programme, and what they say of it for others to read.

-- `author_id` null: made without a name. Ids are random: a sortable one would show who made one when.
CREATE TABLE suggestions (
    suggestion_id uuid PRIMARY KEY,
    version       int NOT NULL DEFAULT 1,
    programme_id  uuid REFERENCES programmes,
    item_id       uuid REFERENCES knowledge ON DELETE SET NULL,
    author_id     uuid,
    text          text NOT NULL,
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'planned', 'done', 'declined')),
    reply         text,
    made_on       date NOT NULL DEFAULT current_date
);
CREATE INDEX suggestions_programme ON suggestions (programme_id, suggestion_id);
CREATE INDEX suggestions_item ON suggestions (item_id);
CREATE INDEX suggestions_author ON suggestions (author_id);

-- Nobody's name stands beside words that are told without one: whoever gave them holds a token, of which this is a hash.
CREATE TABLE testimonials (
    testimonial_id uuid PRIMARY KEY,
    version        int NOT NULL DEFAULT 1,
    kind           text NOT NULL CHECK (kind IN ('testimonial', 'case_study', 'interview')),
    programme_id   uuid NOT NULL REFERENCES programmes,
    person_id      uuid,
    token_hash     bytea UNIQUE CHECK (length(token_hash) = 32),
    recorded_by    uuid,
    state          text NOT NULL CHECK (state IN ('asked', 'consented', 'refused', 'withdrawn')),
    text           text NOT NULL,
    tags           text[] NOT NULL,
    given_in       date NOT NULL CHECK (extract(day FROM given_in) = 1),
    CHECK (state <> 'consented' OR person_id IS NOT NULL OR token_hash IS NOT NULL),
    CHECK (state IN ('asked', 'consented') OR text = '')
);
CREATE INDEX testimonials_programme ON testimonials (programme_id, testimonial_id);
CREATE INDEX testimonials_person ON testimonials (person_id);
CREATE INDEX testimonials_recorder ON testimonials (recorded_by);
CREATE INDEX testimonials_tags ON testimonials USING gin (tags);
