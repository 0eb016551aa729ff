-- Whom no round left out and who has nobody all the same: a hire without a buddy, somebody whose match has ended. Why, until
-- they are matched or a round asks them.
CREATE TABLE left_alone (
    person_id    uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    programme_id uuid NOT NULL REFERENCES programmes,
    left_id      uuid NOT NULL,
    reason       text NOT NULL,
    remaining    jsonb NOT NULL,
    opens        jsonb NOT NULL,
    change       jsonb,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, programme_id)
);
CREATE INDEX left_alone_programme ON left_alone (programme_id);
