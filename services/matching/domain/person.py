"""What a person's state must fulfil before it is believed, and the clock they live by."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from shared.refusal import Refused

NEWCOMER_DAYS = 30
"""Buddies are found this long before the first day and after it."""


class UnknownTimeZone(Refused):
    """No clock can be told from this zone."""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_zone(zone: str) -> None:
    """Raise UnknownTimeZone for a zone the time zone database does not have."""
    if zone not in _zones():
        raise UnknownTimeZone("The time zone is none of the IANA database.")


@cache
def utc_offset(zone: str, on: date) -> int:
    """Minutes a zone's clock is ahead of UTC at noon UTC of a day."""
    offset = datetime.combine(on, time(12), UTC).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    return int(offset.total_seconds() // 60)


def pace(cadence_days: int) -> str:
    """How often a programme meets, in the words of profiles."""
    return "weekly" if cadence_days < 10 else "fortnightly" if cadence_days < 21 else "monthly"  # noqa: PLR2004


def company(fewest: int | None, most: int | None) -> tuple[int, int]:
    """How few and how many somebody likes to be, (0, 0) for any number."""
    return (0, 0) if fewest is None and most is None else (fewest or 0, most or 1000)
