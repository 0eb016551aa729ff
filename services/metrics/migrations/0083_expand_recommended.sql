-- Answers from 0 to 10 to whether people would recommend it, apart from their answers to everything else.
ALTER TABLE form_answers ADD COLUMN recommended int[] NOT NULL DEFAULT '{}';
