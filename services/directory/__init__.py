"""The people directory: who works here, where, for whom, and what they offer and need."""
