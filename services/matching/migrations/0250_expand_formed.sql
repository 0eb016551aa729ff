-- Whether there is any circle, and which: a change of a person's asks it, however many pairs there are.
CREATE INDEX matches_formed ON matches (match_id) WHERE state = 'formed';
