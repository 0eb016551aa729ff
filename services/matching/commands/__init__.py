"""Use cases: each takes a connection, checks the domain, writes, and appends events."""
