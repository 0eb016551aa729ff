-- When somebody was last looked for to shadow, and what was last told: a risk that has changed is looked at again.
ALTER TABLE knowledge_risks
    ADD COLUMN looked_at timestamptz,
    ADD COLUMN told      jsonb;
