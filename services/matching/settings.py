"""What differs from the settings every service has."""

from shared.settings import Settings


class MatchingSettings(Settings):
    """Matching needs nothing beyond the common settings: what it goes by are rules, and rules are data."""
