"""HR's dated records: all that was ever said of a worker, and which of it is still to come."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from struct import Struct
from typing import Any, NamedTuple

from services.directory.domain.history import check_address, check_sequence, due_at, place
from services.directory.domain.names import check_worker
from services.directory.domain.person import Person
from services.directory.domain.refusals import SequenceReused, WorkerOfAnotherSystem
from shared import sql
from shared.copying import NULL, copy_all_new, days, field, microseconds
from shared.db import Connection, Record
from shared.events.hr import WorkerUpserted

SQL = sql.load("services.directory", "records")
MANY = 200
COPIED = ("employee_number", "effective_at", "sequence", "due_at", "pending", "state", "region", "source")
BESIDE = {"region"}
"""Not in the state: the previous release could not read one that has it."""
FIXED = Struct("!ii iq iq i?").pack
"""Those that always take the same room, each after its length."""
FIELDS = len(COPIED).to_bytes(2)


async def forgotten(conn: Connection, numbers: Iterable[str]) -> set[str]:
    """Those of these workers who were erased."""
    return {row["number"] for row in await conn.fetch(SQL.forgotten, list(numbers))}


async def forget_managers(conn: Connection, numbers: Sequence[str]) -> None:
    """No record names these as somebody's manager any more."""
    await conn.execute(SQL.forget_managers, numbers)


class Told(NamedTuple):
    """A record, and the HR system that says so."""

    record: WorkerUpserted
    source: str


async def insert(conn: Connection, told: Sequence[Told], now: datetime) -> None:
    """Keep records; the same one again is no harm.

    Raises SequenceReused, WorkerOfAnotherSystem, SequenceTooLarge, UnclearCode, AddressTooLong, UnknownTimeZone or
    ImpossibleDate.
    """
    states: dict[tuple[str, date, int], tuple[datetime, tuple[str, str | None], str]] = {}
    owners: dict[str, str] = {}
    for record, source in told:
        check_worker(record)
        check_sequence(record.sequence_number)
        check_address(record)
        if not source.startswith("/") and (owner := owners.setdefault(record.employee_number, source)) != source:
            raise _of_another(record.employee_number, owner, source)
        # Fields at their defaults are left out, so that a field added later makes no old record look different.
        state = record.model_dump_json(by_alias=False, exclude_defaults=True, exclude=BESIDE), record.region
        key = (record.employee_number, *place(record))
        if states.setdefault(key, (due_at(record), state, source))[1] != state:
            raise _reused(*key)
    if not states:
        return
    numbers, dates, sequences = zip(*states, strict=True)
    dues, said, sources = zip(*states.values(), strict=True)
    kept, regions = zip(*said, strict=True)
    if strange := await conn.fetchrow(SQL.of_other_systems, numbers, sources):
        raise _of_another(*strange)
    pending = [due > now for due in dues]
    if len(states) >= MANY:
        # As if all were new, as most are: the database is done sooner than with the statement.
        new = map(_copied, numbers, dates, sequences, dues, pending, kept, regions, sources)
        if await copy_all_new(conn, "worker_records", COPIED, new):
            return
    written = await conn.execute(SQL.insert_records, numbers, dates, sequences, dues, pending, kept, regions, sources)
    if int(written.split()[-1]) == len(states):
        return
    if conflict := await conn.fetchrow(SQL.other_states, numbers, dates, sequences, kept, regions):
        raise _reused(*conflict)


async def earlier(conn: Connection, records: Iterable[WorkerUpserted]) -> dict[str, list[dict[str, Any]]]:
    """What held before these records, in order of date, by employee number."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    columns = zip(*((record.employee_number, record.effective_at) for record in records), strict=True)
    for row in await conn.fetch(SQL.earlier_records, *columns):
        found[row["employee_number"]].append(dict(row))
    return found


async def applied(conn: Connection, people: Iterable[Person]) -> dict[str, WorkerUpserted]:
    """The record under each person, by employee number."""
    places = [(person.employee_number, *person.record) for person in people]
    if not places:
        return {}
    rows = await conn.fetch(SQL.applied_records, *zip(*places, strict=True))
    records = [_record(row) for row in rows]
    return {record.employee_number: record for record in records}


async def take_due(conn: Connection, now: datetime, limit: int) -> tuple[list[WorkerUpserted], list[WorkerUpserted]]:
    """Records whose day has come, in the order of their days, and those an operator has let through.

    They are pending no longer.
    """
    dated = [
        (row["due_at"], _record(row), row["hold_id"]) for row in await conn.fetch(SQL.take_due_records, now, limit)
    ]
    dated.sort(key=lambda one: (one[0], one[1].employee_number, place(one[1])))
    due = [record for _, record, hold in dated if hold is None]
    return due, [record for _, record, hold in dated if hold is not None]


async def refuse(conn: Connection, record: WorkerUpserted, why: str, now: datetime) -> bool:
    """Note that a record could not be applied on its day; returns whether for good: the first time it waits again."""
    return bool(await conn.fetchval(SQL.refuse_record, record.employee_number, *place(record), why, now))


async def delete(conn: Connection, numbers: Sequence[str]) -> dict[str, int]:
    """Delete all that was said of workers; returns how many records that was, by employee number."""
    return {row["employee_number"]: row["rows"] for row in await conn.fetch(SQL.delete_records, numbers)}


async def remember_erased(conn: Connection, numbers: Sequence[str]) -> None:
    """Never let these workers come back."""
    await conn.execute(SQL.remember_erased, numbers)


def _record(row: Record) -> WorkerUpserted:
    """Whatever the next release has added is not for this one."""
    return WorkerUpserted.model_validate(row["state"], extra="ignore")


def _copied(
    number: str, day: date, sequence: int, due: datetime, pending: bool, state: str, region: str | None, source: str
) -> bytes:
    fixed = FIXED(4, days(day), 8, sequence, 8, microseconds(due), 1, pending)
    place = NULL if region is None else field(region)
    return FIELDS + field(number) + fixed + field(b"\1" + state.encode()) + place + field(source)


def _reused(number: str, effective_at: object, sequence: int) -> SequenceReused:
    detail = f"HR has said something else of {number} under {effective_at}, sequence {sequence}."
    return SequenceReused(detail)


def _of_another(number: str, owner: str, source: str) -> WorkerOfAnotherSystem:
    return WorkerOfAnotherSystem(f"{number} is a worker of {owner}; {source} uses the same number.", owner=owner)
