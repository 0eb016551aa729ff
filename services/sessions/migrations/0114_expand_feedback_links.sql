-- Links that open the questions after a session without a log-in: digests alone. What a link opens, for whom, until when
-- and whether it was used says the prompt it was sent for.
CREATE TABLE feedback_links (
    token_hash bytea PRIMARY KEY,
    prompt_id  uuid NOT NULL REFERENCES prompts ON DELETE CASCADE
);
CREATE INDEX feedback_links_prompt ON feedback_links (prompt_id);
