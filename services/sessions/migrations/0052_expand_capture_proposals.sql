-- What matching says is at risk and nobody can shadow: a capture session is proposed, and somebody decides. What is
-- written in a group that was founded to capture something says so.

CREATE TABLE capture_proposals (
    proposal_id uuid PRIMARY KEY,
    skill_id    text NOT NULL UNIQUE,
    holders     int NOT NULL CHECK (holders > 0),
    due_on      date NOT NULL,
    state       text NOT NULL CHECK (state IN ('proposed', 'accepted', 'declined', 'withdrawn', 'missed')),
    capture_id  uuid REFERENCES captures ON DELETE SET NULL,
    told_on     date NOT NULL DEFAULT current_date
);
CREATE INDEX capture_proposals_state ON capture_proposals (state, proposal_id);
CREATE INDEX capture_proposals_capture ON capture_proposals (capture_id);

ALTER TABLE knowledge ADD COLUMN capture_id uuid;
ALTER TABLE knowledge ADD CONSTRAINT knowledge_capture_id_fkey
    FOREIGN KEY (capture_id) REFERENCES captures ON DELETE SET NULL NOT VALID;
