-- A programme may hold several formats: answers say which one they are about.
ALTER TABLE form_answers ADD COLUMN format text;
