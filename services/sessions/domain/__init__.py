"""The rules of programmes, sessions and attendance; pure."""
