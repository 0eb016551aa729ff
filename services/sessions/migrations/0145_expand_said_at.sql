-- When an answer from a calendar was given, by its own clock: mail may bring two of them in the wrong order.
ALTER TABLE calendar_replies ADD COLUMN said_at timestamptz;
COMMENT ON COLUMN calendar_replies.said_at IS 'DTSTAMP, and never later than it came.';
