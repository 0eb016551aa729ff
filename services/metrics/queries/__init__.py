"""Reads: published values and what they rest on."""
