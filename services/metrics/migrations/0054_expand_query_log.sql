-- The log is read by month and forgotten by age.
CREATE INDEX query_log_asked_at ON query_log (asked_at);
