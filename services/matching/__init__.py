"""Matching: who learns with whom, and why."""
