"""Goals mark the way and learning has no end: one that has ended is renewed, and the next begins at its result."""

from collections.abc import Sequence
from datetime import date, timedelta

from shared.events.measures import AIMS, LESS, MORE, SHARES
from shared.events.sessions import ProgrammeGoal
from shared.refusal import InvalidRequest, NotFound, Refused

AFTERWARDS = timedelta(days=366)
"""What is learned is put to use after the end: a goal may be due that much later."""


class UnknownGoal(NotFound):
    """The programme has no goal by this measure."""


class GoalStillRunning(Refused):
    """Its day has not passed: change it in the programme, or wait for what comes of it."""


def check_goals(goals: Sequence[ProgrammeGoal], starts_on: date, ends_on: date) -> None:
    """Raise InvalidRequest naming what of a goal could never be measured, or reached."""
    for number, goal in enumerate(goals):
        if found := _wrong(goal, starts_on, ends_on):
            raise InvalidRequest.naming(f"goals.{number}.{found[0]}", found[1])
        if any((goal.measure, goal.due) == (other.measure, other.due) for other in goals[:number]):
            raise InvalidRequest.naming(f"goals.{number}.measure", "has a goal for that day already")


def _wrong(goal: ProgrammeGoal, starts_on: date, ends_on: date) -> tuple[str, str] | None:
    """The first field that could never be measured or reached, and why."""
    problems = {
        "measure": "is none that metrics counts by programme" if goal.measure not in AIMS else None,
        "target": _wrong_target(goal),
        "due": _wrong_day(goal.due, starts_on, ends_on),
    }
    return next(((field, problem) for field, problem in problems.items() if problem), None)


def _wrong_target(goal: ProgrammeGoal) -> str | None:
    if goal.measure in SHARES and not 0 <= goal.target <= 1:
        return "is a share, from 0 to 1: 0.4 is 40 %"
    if goal.target == goal.baseline:
        return "is the baseline: nothing would be progress"
    if goal.measure in MORE and goal.target < goal.baseline:
        return "is below the baseline, and more of this measure is better"
    if goal.measure in LESS and goal.target > goal.baseline:
        return "is above the baseline, and less of this measure is better"
    return None


def _wrong_day(due: date, starts_on: date, ends_on: date) -> str | None:
    if due < starts_on:
        return f"is before the programme starts, on {starts_on}"
    if due > ends_on + AFTERWARDS:
        return f"is more than a year after the programme ends, on {ends_on}"
    return None


def renewed(
    goals: Sequence[ProgrammeGoal], measure: str, result: float, target: float, due: date, today: date, ends_on: date
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
    if wrong := _wrong(following, today, ends_on):
        raise InvalidRequest.naming(*wrong)
    return ended, tuple(following if goal is ended else goal for goal in goals)


def measured_on(goals: Sequence[ProgrammeGoal], before: Sequence[ProgrammeGoal]) -> tuple[ProgrammeGoal, ...]:
    """Goals written anew: a renewed one, known by its day or its baseline, is measured from the day it was renewed."""
    days = {key: goal.since for goal in before for key in ((goal.measure, goal.due), (goal.measure, goal.baseline))}
    found = [days.get((goal.measure, goal.due)) or days.get((goal.measure, goal.baseline)) for goal in goals]
    return tuple(goal.model_copy(update={"since": since}) for goal, since in zip(goals, found, strict=True))
