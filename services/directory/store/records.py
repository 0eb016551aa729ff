"""HR's dated records: all that was ever said of a worker, and which of it is still to come."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from services.directory.domain.history import due_at, place
from services.directory.domain.person import Person
from services.directory.domain.refusals import SequenceReused
from shared import sql
from shared.db import Connection
from shared.events.hr import WorkerUpserted

SQL = sql.load("services.directory", "records")


async def forgotten(conn: Connection, numbers: Iterable[str]) -> set[str]:
    """Those of these workers who were erased."""
    return {row["number"] for row in await conn.fetch(SQL.forgotten, list(numbers))}


async def insert(conn: Connection, records: Sequence[WorkerUpserted], now: datetime) -> None:
    """Keep records; the same one again is no harm. Raises SequenceReused, UnknownTimeZone or ImpossibleDate."""
    states: dict[tuple[str, date, int], tuple[datetime, object]] = {}
    for record in records:
        # Fields at their defaults are left out, so that a field added later makes no old record look different.
        state = record.model_dump(mode="json", by_alias=False, exclude_defaults=True)
        if states.setdefault((record.employee_number, *place(record)), (due_at(record), state))[1] != state:
            raise _reused(record.employee_number, *place(record))
    if not states:
        return
    numbers, dates, sequences = zip(*states, strict=True)
    dues, kept = zip(*states.values(), strict=True)
    conflict = await conn.fetchrow(
        SQL.insert_records, numbers, dates, sequences, dues, [due > now for due in dues], kept
    )
    if conflict is not None:
        raise _reused(*conflict)


async def applied(conn: Connection, people: Iterable[Person]) -> dict[str, WorkerUpserted]:
    """The record under each person, by employee number."""
    places = [(person.employee_number, *person.record) for person in people]
    if not places:
        return {}
    rows = await conn.fetch(SQL.applied_records, *zip(*places, strict=True))
    records = [WorkerUpserted.model_validate(row["state"]) for row in rows]
    return {record.employee_number: record for record in records}


async def take_due(conn: Connection, now: datetime, limit: int) -> list[WorkerUpserted]:
    """Records whose day has come, in the order of their days; they are pending no longer."""
    rows = await conn.fetch(SQL.take_due_records, now, limit)
    dated = [(row["due_at"], WorkerUpserted.model_validate(row["state"])) for row in rows]
    return [record for _, record in sorted(dated, key=lambda one: (one[0], one[1].employee_number, place(one[1])))]


async def refuse(conn: Connection, record: WorkerUpserted, why: str) -> None:
    """Note that a record could not be applied on its day."""
    await conn.execute(SQL.refuse_record, record.employee_number, *place(record), why)


async def delete(conn: Connection, numbers: Sequence[str]) -> dict[str, int]:
    """Delete all that was said of workers; returns how many records that was, by employee number."""
    return {row["employee_number"]: row["rows"] for row in await conn.fetch(SQL.delete_records, numbers)}


async def remember_erased(conn: Connection, numbers: Sequence[str]) -> None:
    """Never let these workers come back."""
    await conn.execute(SQL.remember_erased, numbers)


def _reused(number: str, effective_at: object, sequence: int) -> SequenceReused:
    detail = f"HR has said something else of {number} under {effective_at}, sequence {sequence}."
    return SequenceReused(detail)
