"""Takes what HR says of workers: keeps every record, applies those that are due, in any order they come."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from services.directory.commands.people import project, refresh
from services.directory.domain.history import due_at, merge
from services.directory.domain.person import Person
from services.directory.domain.refusals import ReportingLineCycle
from services.directory.store import people as store
from services.directory.store import records as records_store
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.hr import WorkerUpserted

DUE_AT_ONCE = 2000
log = logging.getLogger(__name__)


async def record_workers(conn: Connection, told: Sequence[Envelope[WorkerUpserted]], now: datetime) -> None:
    """Keep records and apply those that are due at `now`; nothing brings an erased worker back.

    Raises ReportingLineCycle, SequenceReused, UnknownTimeZone or ImpossibleDate.
    """
    await store.lock_chart(conn)
    forgotten = await records_store.forgotten(conn, {envelope.data.employee_number for envelope in told})
    told = [envelope for envelope in told if envelope.data.employee_number not in forgotten]
    await records_store.insert(conn, [envelope.data for envelope in told], now)
    due = [envelope for envelope in told if due_at(envelope.data) <= now]
    await _apply(conn, [envelope.data for envelope in due], due, now)


async def apply_due(conn: Connection, now: datetime) -> int:
    """Apply records whose day has come and return how many; one that cannot be is noted as refused, with the reason."""
    await store.lock_chart(conn)
    due = await records_store.take_due(conn, now, DUE_AT_ONCE)
    await _apply_or_refuse(conn, due, now)
    return len(due)


async def _apply_or_refuse(conn: Connection, due: Sequence[WorkerUpserted], now: datetime) -> None:
    """Nobody waits to park a timer's record: halve the batch until the one that closes a cycle is alone."""
    if not due:
        return
    try:
        async with conn.transaction():
            await _apply(conn, due, (), now)
    except ReportingLineCycle as cycle:
        if len(due) > 1:
            middle = len(due) // 2
            await _apply_or_refuse(conn, due[:middle], now)
            await _apply_or_refuse(conn, due[middle:], now)
            return
        await records_store.refuse(conn, due[0], cycle.detail)
        log.error(  # noqa: TRY400 - a rule said no: the stack says nothing
            "a record was refused on its day",
            extra={"fields": {"refusal": type(cycle).__name__}},
        )


async def _apply(
    conn: Connection, due: Sequence[WorkerUpserted], told: Sequence[Envelope[WorkerUpserted]], now: datetime
) -> None:
    by_number: dict[str, list[WorkerUpserted]] = defaultdict(list)
    for record in due:
        by_number[record.employee_number].append(record)
    known = await store.lock(conn, by_number)
    winners = {
        number: winner
        for number, records in by_number.items()
        if (winner := merge(known[number].record if number in known else None, records))
    }
    causes = {envelope.key: envelope for envelope in told if winners.get(envelope.key) is envelope.data}
    people = await project(conn, known, winners, causes, now)
    if came_or_went := _came_or_went(known, people):
        await store.mark_reports_stale(conn, came_or_went, people)
        await refresh(conn, causes, now)


def _came_or_went(known: Mapping[str, Person], people: Mapping[str, Person]) -> list[str]:
    """Whose reports have gained or lost a manager."""
    return [number for number, person in people.items() if person.here != (number in known and known[number].here)]
