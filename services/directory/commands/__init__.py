"""Use cases: each takes a connection and plain values, checks the domain, writes, and appends events."""
