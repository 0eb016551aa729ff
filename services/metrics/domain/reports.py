"""When a report is due, and to whom it may go. Pure."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from shared.refusal import InvalidRequest, Refused

Cadence = Literal["weekly", "monthly"]
HOUR = time(6, tzinfo=UTC)
SETTLED_DAY = 4
"""Of a month: by then the month before has its late events."""
LASTS = timedelta(days=182)
"""A role may be gone by then: whoever still wants the report subscribes again."""


class NoMailServer(Refused):
    """No mail server is set up here."""


class AlreadySubscribed(Refused):
    """The address gets this report."""


def next_due(cadence: Cadence, now: datetime) -> datetime:
    """The next Monday, or the next fourth of a month, at six UTC."""
    today = now.astimezone(UTC).date()
    if cadence == "weekly":
        return datetime.combine(today + timedelta(days=7 - today.weekday()), HOUR)
    first = today.replace(day=1)
    month = first if today.day < SETTLED_DAY else (first + timedelta(days=32)).replace(day=1)
    return datetime.combine(month.replace(day=SETTLED_DAY), HOUR)


def ends_on(today: date) -> date:
    """The last day of a subscription made today."""
    return today + LASTS


def check_address(email: str, domains: Collection[str]) -> str:
    """The address in one spelling. Raises InvalidRequest for one outside the domains that reports may go to."""
    name, _, domain = email.rpartition("@")
    if not name or domain.lower() not in {known.lower() for known in domains}:
        raise InvalidRequest.naming("email", "is not in a domain that reports may be sent to")
    return f"{name}@{domain.lower()}"
