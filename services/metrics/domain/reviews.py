"""Review cycles: a finding, a change for it, and the same measure again (MISSION K9)."""

from datetime import date, timedelta
from typing import Literal

from services.metrics.domain.apart import by_programme
from services.metrics.domain.measure import Measure
from shared.refusal import Refused

State = Literal["planned", "due", "concluded"]
LONGEST_DAYS = 730


class NotMeasuredAgain(Refused):
    """A review is concluded from its second measurement, and the day of that has not come."""


class AlreadyConcluded(Refused):
    """The review has its conclusion."""


class NotByProgramme(Refused):
    """The measure has no number for one programme."""

    status = 422


class WrongOrder(Refused):
    """The second measurement is not after the change, or too long after it."""

    status = 422


def state(measure_on: date, concluded_on: date | None, today: date) -> State:
    """Where a cycle stands."""
    if concluded_on:
        return "concluded"
    return "due" if today >= measure_on else "planned"


def check_days(changed_on: date, measure_on: date) -> None:
    """Raises WrongOrder: numbers are of whole months, and that of the change is neither before nor after it."""
    if months_after(changed_on, measure_on) < 1:
        detail = "measure_on must leave a whole month after that of changed_on: numbers are of whole months."
        raise WrongOrder(detail, errors=[{"field": "measure_on", "message": "leaves no whole month after the change"}])
    if (measure_on - changed_on).days > LONGEST_DAYS:
        detail = f"measure_on must be at most {LONGEST_DAYS} days after changed_on."
        raise WrongOrder(detail, errors=[{"field": "measure_on", "message": "is too late"}])


def months_after(changed_on: date, measure_on: date) -> int:
    """How many whole months after that of the change are over at the end of `measure_on`."""
    end = measure_on + timedelta(days=1)
    return (end.year - changed_on.year) * 12 + end.month - changed_on.month - 1


def check_measure(measure: Measure | None) -> None:
    """Raises NotByProgramme."""
    if measure is None or measure.family == "freshness" or not by_programme(measure):
        detail = "A review names a measure that GET /v1/measures/{name} counts by programme."
        raise NotByProgramme(detail, errors=[{"field": "measure", "message": "has no number by programme"}])


def check_conclusion(measure_on: date, concluded_on: date | None, today: date) -> None:
    """Raises AlreadyConcluded, NotMeasuredAgain."""
    found = state(measure_on, concluded_on, today)
    if found == "concluded":
        detail = "The review is concluded: a new finding is a new review."
        raise AlreadyConcluded(detail, state=found)
    if found == "planned":
        detail = f"It is measured again on {measure_on}: conclude it then."
        raise NotMeasuredAgain(detail, state=found, measure_on=measure_on.isoformat())
