-- What came of a capture.

CREATE INDEX knowledge_capture ON knowledge (capture_id) WHERE capture_id IS NOT NULL;
