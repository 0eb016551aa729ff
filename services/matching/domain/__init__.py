"""Types, rules and what they refuse."""
