-- Which transaction brought a batch: a share of answers is stored as shown, and counted again once there are more.
ALTER TABLE feedback ADD COLUMN changed_by xid8 NOT NULL DEFAULT pg_current_xact_id();
