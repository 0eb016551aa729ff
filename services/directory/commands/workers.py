"""Takes what HR says of workers: keeps every record, applies those that are due, in any order they come."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from services.directory.commands.duplicates import merge_workers, moved
from services.directory.commands.holds import hold_for
from services.directory.commands.people import project, refresh
from services.directory.domain.history import due_at, merge, place
from services.directory.domain.person import Person
from services.directory.domain.refusals import ReportingLineCycle
from services.directory.store import accounts as accounts_store
from services.directory.store import holds as holds_store
from services.directory.store import people as store
from services.directory.store import records as records_store
from services.directory.store.records import Told
from shared import outbox
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.hr import WorkerErased, WorkerUpserted

DUE_AT_ONCE = 2000
log = logging.getLogger(__name__)


async def record_workers(conn: Connection, told: Sequence[Envelope[WorkerUpserted]], now: datetime) -> None:
    """Keep records and apply those that are due at `now`; nothing brings an erased worker back.

    Raises ReportingLineCycle, SequenceReused, WorkerOfAnotherSystem, UnclearCode, AddressTooLong, UnknownTimeZone or
    ImpossibleDate.
    """
    gone = await take_records(conn, [Told(envelope.data, envelope.source) for envelope in told], now, told)
    if gone:  # HR's own topic would keep what HR has said of them since: compaction keeps the last word
        await outbox.append_all(conn, [(WorkerErased(employee_number=number), None) for number in sorted(gone)])


async def take_records(
    conn: Connection,
    told: Sequence[Told],
    now: datetime,
    causes: Sequence[Envelope[WorkerUpserted]] = (),
    *,
    approved: bool = False,
) -> set[str]:
    """The same for records that no event need have brought; `causes` are the events, where there are any.

    `approved` says that somebody has looked at how many leave. Returns whom it left out: they have been erased.
    """
    await store.lock_chart(conn)
    numbers = {record.employee_number for record, _ in told}
    managers = {record.manager_employee_number for record, _ in told if record.manager_employee_number}
    forgotten = await records_store.forgotten(conn, numbers | managers)
    if forgotten:
        told = [_without(each, forgotten) for each in told if each.record.employee_number not in forgotten]
    await records_store.insert(conn, told, now)
    await holds_store.release_workers(conn, {record.employee_number for record, _ in told})
    await _apply(conn, [record for record, _ in told if due_at(record) <= now], causes, now, approved=approved)
    return forgotten & numbers


def _without(told: Told, forgotten: AbstractSet[str]) -> Told:
    """The same, naming none of these as manager."""
    if told.record.manager_employee_number not in forgotten:
        return told
    return told._replace(record=told.record.model_copy(update={"manager_employee_number": None}))


async def apply_due(conn: Connection, now: datetime) -> int:
    """Apply records whose day has come and return how many; one that cannot be is noted as refused, with the reason.

    It is tried once more behind all that is due: a swap of bosses is a cycle until the other record is applied.
    """
    await store.lock_chart(conn)
    due, approved = await records_store.take_due(conn, now, DUE_AT_ONCE)
    await _apply_or_refuse(conn, approved, now, approved=True)
    await _apply_or_refuse(conn, due, now)
    return len(due) + len(approved)


async def _apply_or_refuse(
    conn: Connection, due: Sequence[WorkerUpserted], now: datetime, *, approved: bool = False
) -> None:
    """Nobody waits to park a timer's record: halve the batch until the one that closes a cycle is alone."""
    if not due:
        return
    try:
        async with conn.transaction():
            await _apply(conn, due, (), now, approved=approved)
    except ReportingLineCycle as cycle:
        if len(due) > 1:
            middle = len(due) // 2
            await _apply_or_refuse(conn, due[:middle], now, approved=approved)
            await _apply_or_refuse(conn, due[middle:], now, approved=approved)
            return
        if not await records_store.refuse(conn, due[0], cycle.detail, now):
            return
        log.error(  # noqa: TRY400 - a rule said no: the stack says nothing
            "a record was refused on its day",
            extra={"fields": {"refusal": type(cycle).__name__}},
        )


async def _apply(
    conn: Connection,
    due: Sequence[WorkerUpserted],
    told: Sequence[Envelope[WorkerUpserted]],
    now: datetime,
    *,
    approved: bool = False,
) -> None:
    by_number: dict[str, list[WorkerUpserted]] = defaultdict(list)
    for record in due:
        by_number[record.employee_number].append(record)
    if renamed := await accounts_store.adopt(conn, due):
        await store.mark_reports_stale(conn, renamed, ())
    known = await store.lock(conn, by_number)
    winners = _winners(known, by_number)
    if not approved and (held := await _hold_leavers(conn, known, by_number, winners, now)):
        remaining = {
            number: [record for record in records if record.status != "left"] if number in held else records
            for number, records in by_number.items()
        }
        winners = _winners(known, remaining)
    causes = {envelope.key: envelope for envelope in told if _same(winners.get(envelope.key), envelope.data)}
    corrected = [person for number, person in known.items() if _past_differs(person, by_number[number], winners)]
    standing = await records_store.applied(conn, corrected)
    people = await project(conn, known, {**standing, **winners}, causes, now)
    if came_or_went := _came_or_went(known, people):
        await store.mark_reports_stale(conn, came_or_went, people)
        await refresh(conn, causes, now)
    await merge_workers(conn, moved(known, people), causes, now)


def _same(winner: WorkerUpserted | None, told: WorkerUpserted) -> bool:
    """Whether what has won is what was told, whomever that named as manager."""
    return winner is told or (winner is not None and place(winner) == place(told))


def _winners(
    known: Mapping[str, Person], by_number: Mapping[str, Sequence[WorkerUpserted]]
) -> dict[str, WorkerUpserted]:
    return {
        number: winner
        for number, records in by_number.items()
        if (winner := merge(known[number].record if number in known else None, records))
    }


async def _hold_leavers(
    conn: Connection,
    known: Mapping[str, Person],
    by_number: Mapping[str, Sequence[WorkerUpserted]],
    winners: Mapping[str, WorkerUpserted],
    now: datetime,
) -> frozenset[str]:
    """Those of the winners who were to leave and have to wait, which is written down."""
    leaving = frozenset(
        number
        for number, record in winners.items()
        if record.status == "left" and number in known and known[number].here
    )
    hold_id = await hold_for(conn, leaving, now)
    if hold_id is None:
        return frozenset()
    waiting = [record for number in leaving for record in by_number[number] if record.status == "left"]
    await holds_store.hold(conn, hold_id, waiting)
    return leaving


def _past_differs(person: Person, records: Sequence[WorkerUpserted], winners: Mapping[str, WorkerUpserted]) -> bool:
    """Whether HR says something of the time before what holds, and nothing newer."""
    return person.employee_number not in winners and any(place(record) < person.record for record in records)


def _came_or_went(known: Mapping[str, Person], people: Mapping[str, Person]) -> list[str]:
    """Whose reports have gained or lost a manager."""
    return [number for number, person in people.items() if person.here != (number in known and known[number].here)]
