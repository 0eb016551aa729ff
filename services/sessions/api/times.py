"""Days and instants that calendars can still reckon with: what lies further off is a slip of the keyboard."""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, NaiveDatetime

FIRST, LAST = 2000, 2200


def _near(found: date) -> date:
    if not FIRST <= found.year < LAST:
        raise ValueError(f"must lie in the years {FIRST} to {LAST - 1}")
    return found


def _instant(found: datetime) -> datetime:
    _near(found)
    return found.astimezone(UTC)


Day = Annotated[date, AfterValidator(_near)]
Instant = Annotated[AwareDatetime, AfterValidator(_instant)]
"""In UTC, whatever zone it came in."""
Local = Annotated[NaiveDatetime, AfterValidator(_near)]
"""By the clock on somebody's wall."""
