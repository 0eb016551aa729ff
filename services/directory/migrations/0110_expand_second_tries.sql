-- What a rule refused as a cycle is tried once more, when what came with it has been taken.
ALTER TABLE worker_records ADD COLUMN retried boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN worker_records.retried IS 'Whether it was refused on its day and then tried once more.';
COMMENT ON COLUMN worker_records.due_at IS
    'The first moment of effective_at where the worker is; or, of one that was refused on it, when that was.';
ALTER TABLE feed_refusals ADD COLUMN record jsonb;
COMMENT ON COLUMN feed_refusals.record IS 'What the line says, while it is to be tried once more at the end of the file.';
-- An erasure finds those that name the erased as somebody's manager.
CREATE INDEX feed_refusals_manager ON feed_refusals ((record ->> 'manager_employee_number')) WHERE record IS NOT NULL;
