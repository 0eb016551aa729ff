-- Which form asks after a session of a format, and what the standard forms beside the first one ask: open, so they stand.

CREATE TABLE format_forms (
    format       text PRIMARY KEY,
    form_id      uuid NOT NULL,
    form_version int NOT NULL,
    FOREIGN KEY (form_id, form_version) REFERENCES forms (form_id, version)
);

INSERT INTO forms (form_id, version, kind, theme, state, items) VALUES
    ('7b0f6a52-9c1e-5a7d-8e3b-2d4c6f8a1b01', 1, 'feedback', 'pulse', 'open', '[
        {"code": "usefulness", "text": "It was useful.", "reverse": false},
        {"code": "engagement", "text": "I was engaged.", "reverse": false}]'),
    ('7b0f6a52-9c1e-5a7d-8e3b-2d4c6f8a1b02', 1, 'feedback', 'critique', 'open', '[
        {"code": "usefulness", "text": "What I heard or said helps the work.", "reverse": false},
        {"code": "honesty", "text": "What was said was honest.", "reverse": false},
        {"code": "empathy", "text": "It was said with empathy.", "reverse": false}]'),
    ('7b0f6a52-9c1e-5a7d-8e3b-2d4c6f8a1b03', 1, 'feedback', 'debrief', 'open', '[
        {"code": "usefulness", "text": "What I saw or showed was useful.", "reverse": false},
        {"code": "relevance", "text": "It was about work that I do or shall do.", "reverse": false},
        {"code": "intention", "text": "I know what I will do differently.", "reverse": false}]');

-- Null: released before the format was told.
ALTER TABLE form_batches ADD COLUMN format text;
