-- What was answered, and what is of one state, is found without reading every suggestion ever made.

CREATE INDEX suggestions_answered ON suggestions (suggestion_id) WHERE state <> 'open';
CREATE INDEX suggestions_state ON suggestions (state, suggestion_id);
CREATE INDEX suggestions_mine ON suggestions (author_id, suggestion_id) WHERE author_id IS NOT NULL;
