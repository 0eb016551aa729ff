"""Rules; pure."""
