-- What alone would open a candidate, beside why somebody was left out; and what a round says of itself as a whole.
ALTER TABLE unmatched ADD COLUMN change jsonb;
ALTER TABLE rounds ADD COLUMN report jsonb NOT NULL DEFAULT '{}';
