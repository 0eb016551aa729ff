-- What whoever pressed a button in a chat is shown there, on its way: to an address that is good for half an hour and
-- stands in what was pressed. Gone once it is shown or too late.
CREATE TABLE chat_answers (
    answer_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    person_id  uuid,
    url        text NOT NULL,
    content    jsonb NOT NULL,
    attempts   int NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '30 minutes'
);
CREATE INDEX chat_answers_due ON chat_answers (due_at);
CREATE INDEX chat_answers_person ON chat_answers (person_id);
