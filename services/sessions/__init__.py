"""Programmes, groups, sessions, attendance, feedback and calendars."""
