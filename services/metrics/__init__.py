"""The metrics service: what came of peer learning, honestly."""
