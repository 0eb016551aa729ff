-- By which rules of its programme somebody was introduced, and by which version of the engine help was looked for.
ALTER TABLE introductions ADD COLUMN rules_version int;
ALTER TABLE help_requests ADD COLUMN engine int;
