"""Use cases: one function per thing that can happen to the store."""
