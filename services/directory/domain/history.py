"""Which of a worker's dated records holds, from when on, and what has happened between two states."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.directory.domain.account import LONGEST_ADDRESS
from services.directory.domain.refusals import (
    AddressTooLong,
    ImpossibleDate,
    SequenceTooLarge,
    UnknownTimeZone,
)
from shared.events.directory import ChangeReason, PastState, PersonChanged
from shared.events.hr import WorkerUpserted

Place = tuple[date, int]
NAMED_BY_A_REASON = frozenset({"status", "unit_code", "manager_id", "history"})
ABOUT_THE_EVENT = frozenset({"version", "reasons", "effective_at"})
COMPARED = tuple(PersonChanged.model_fields.keys() - ABOUT_THE_EVENT)
LONGEST_HISTORY = 100
"""Older states than these stay here and travel no more."""


def place(record: WorkerUpserted) -> Place:
    """Where a record stands among the worker's: among equal dates the higher sequence wins."""
    return record.effective_at, record.sequence_number


def due_at(record: WorkerUpserted) -> datetime:
    """The first moment of the effective date where the worker is. Raises UnknownTimeZone or ImpossibleDate."""
    day = record.effective_at
    try:
        return datetime(day.year, day.month, day.day, tzinfo=zone(record.time_zone)).astimezone(UTC)
    except OverflowError as error:
        raise ImpossibleDate(f"{day} is no date that a record can take effect on.") from error


def zone(name: str) -> ZoneInfo:
    """An IANA time zone. Raises UnknownTimeZone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownTimeZone("timeZone is no zone of the IANA database.") from error


def check_sequence(number: int) -> None:
    """Raises SequenceTooLarge."""
    if number >= 2**63:
        raise SequenceTooLarge("A sequence is below 2 to the power of 63.")


def check_address(record: WorkerUpserted) -> None:
    """Raises AddressTooLong for what `directory.contacts` cannot carry."""
    if len(record.work_email) > LONGEST_ADDRESS:
        raise AddressTooLong(
            f"workEmail has {len(record.work_email)} characters; at most {LONGEST_ADDRESS} can be told on."
        )


def past(
    earlier: Sequence[Mapping[str, Any]], paths: Mapping[str, tuple[str, ...]], now: PersonChanged
) -> tuple[PastState, ...]:
    """What held before `now`, from earlier states in order of date; a state that says nothing new is left out."""
    states: list[PastState] = []
    for state in earlier:
        unit = state["unit_code"]
        told = PastState.model_validate({**state, "unit_path": paths.get(unit, (unit,))}, extra="ignore")
        if not states or _facts(states[-1]) != _facts(told):
            states.append(told)
    if states and _facts(states[-1]) == _facts(now):
        states.pop()
    return tuple(states[-LONGEST_HISTORY:])


def _facts(state: PastState | PersonChanged) -> tuple[object, ...]:
    return state.status, state.unit_code, state.job_code, state.job_level, state.site_code, state.hired_on


def merge(applied: Place | None, records: Iterable[WorkerUpserted]) -> WorkerUpserted | None:
    """Of records that are due, the one that takes over from what is applied; None when nothing does."""
    newest = max(records, key=place, default=None)
    return newest if newest and (applied is None or place(newest) > applied) else None


def differences(old: PersonChanged, new: PersonChanged) -> set[str]:
    """Names of the public fields in which two states differ."""
    before, after = old.__dict__, new.__dict__
    return {name for name in COMPARED if before[name] != after[name]}


def reasons(
    old: PersonChanged | None, new: PersonChanged, differing: Collection[str] | None = None
) -> tuple[ChangeReason, ...]:
    """What happened, told from the states and in what they differ; never empty where anything public does."""
    if old is None:
        return _first(new)
    changed = differences(old, new) if differing is None else set(differing)
    found = _status(old, new)
    if "unit_code" in changed:
        found.append("moved")
        changed.discard("unit_path")
    if "manager_id" in changed:
        found.append("manager_changed")
    if changed - NAMED_BY_A_REASON or (changed and not found):
        found.append("profile_changed")
    return tuple(found)


def _first(new: PersonChanged) -> tuple[ChangeReason, ...]:
    match new.status:
        case "left":
            return ("left",)
        case "leave":
            return ("hired", "leave_started")
        case _:
            return ("hired",)


def _status(old: PersonChanged, new: PersonChanged) -> list[ChangeReason]:
    found: list[ChangeReason] = []
    if old.status == new.status:
        return found
    if new.status == "left":
        return ["left"]
    if old.status == "left":
        found.append("rehired")
    if new.status == "leave":
        found.append("leave_started")
    elif old.status == "leave":
        found.append("leave_ended")
    return found


def effective_on(
    old: PersonChanged, new: PersonChanged, record: date, today: date, differing: Collection[str] | None = None
) -> date:
    """From when a change holds that no new record brought.

    What only waited for its reference holds from the record on. A correction of the past moves nothing of today, unless
    it lies between what was published last and the record.
    """
    changed = differences(old, new) if differing is None else set(differing)
    if changed == {"history"}:
        between = new.history and new.history[-1].valid_from >= old.effective_at
        return record if between else old.effective_at
    grown = new.unit_path[-len(old.unit_path) :] == old.unit_path
    waiting = {"unit_path", "history"} if grown else {"history"}
    if old.manager_id is None:
        waiting.add("manager_id")
    return record if changed <= waiting else today
