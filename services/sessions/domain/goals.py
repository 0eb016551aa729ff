"""Goals mark the way and learning has no end: one that has ended is renewed, and the next begins at its result."""

from collections.abc import Sequence
from datetime import date

from shared.events.sessions import ProgrammeGoal
from shared.refusal import InvalidRequest, NotFound, Refused


class UnknownGoal(NotFound):
    """The programme has no goal by this measure."""


class GoalStillRunning(Refused):
    """Its day has not passed: change it in the programme, or wait for what comes of it."""


def renewed(
    goals: Sequence[ProgrammeGoal], measure: str, result: float, target: float, due: date, today: date
) -> tuple[ProgrammeGoal, tuple[ProgrammeGoal, ...]]:
    """The goal that has ended, and all goals with the next one in its place.

    Raises UnknownGoal, GoalStillRunning, InvalidRequest.
    """
    found = [goal for goal in goals if goal.measure == measure]
    if not found:
        raise UnknownGoal("The programme has no goal by this measure.")
    ended = min(found, key=lambda goal: goal.due)
    if ended.due >= today:
        raise GoalStillRunning(f"It runs until {ended.due}.", state="running", due=ended.due)
    if due <= today:
        raise InvalidRequest.naming("due", "must lie ahead")
    if target == result:
        raise InvalidRequest.naming("target", "is where it stands already")
    following = ProgrammeGoal(measure=measure, baseline=result, target=target, due=due, since=today)
    return ended, tuple(following if goal is ended else goal for goal in goals)
