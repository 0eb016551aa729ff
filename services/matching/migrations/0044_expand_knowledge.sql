-- Skills that few hold, one of whom is known to leave.
ALTER TABLE people ADD COLUMN leaves_on date;
CREATE INDEX people_leaving ON people (leaves_on) WHERE leaves_on IS NOT NULL;

CREATE TABLE knowledge_risks (
    skill_id   text PRIMARY KEY,
    holders    int NOT NULL,
    due_on     date NOT NULL,
    proposal   text CHECK (proposal IN ('shadowing', 'capture')),
    match_id   uuid REFERENCES matches ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz
);
CREATE INDEX knowledge_risks_due ON knowledge_risks (due_on, skill_id) WHERE settled_at IS NULL;
