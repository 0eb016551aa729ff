"""Who learns with whom: pure functions from people to matches, the same bytes for the same people, rules and seed."""
