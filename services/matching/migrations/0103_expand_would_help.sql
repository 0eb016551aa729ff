-- What would help somebody left out, where the release before has no words for it: it reads `change`.
ALTER TABLE unmatched ADD COLUMN would_help jsonb;
