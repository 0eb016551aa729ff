"""Who leaves, and whose leaving waits for an operator."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from services.directory.domain.history import place
from shared import sql
from shared.db import Connection, Record
from shared.events.hr import WorkerUpserted

SQL = sql.load("services.directory", "holds")
SaidBy: TypeAlias = Literal["hr", "scim"]
Way: TypeAlias = Literal["erasure", "deactivation", "deprovisioning"]


async def open_hold(conn: Connection, said_by: SaidBy) -> int | None:
    """The hold of a source that waits for somebody."""
    found: int | None = await conn.fetchval(SQL.open_hold, said_by)
    return found


async def waits_in(conn: Connection, person_id: UUID) -> int | None:
    """The hold in which somebody's account waits to be deactivated."""
    found: int | None = await conn.fetchval(SQL.waits_in, person_id)
    return found


async def gone_since(conn: Connection, since: datetime) -> int:
    """How many have left."""
    return int(await conn.fetchval(SQL.gone_since, since))


async def count_here(conn: Connection, enough: int | None = None) -> int:
    """How many people are here, counted up to `enough`."""
    return int(await conn.fetchval(SQL.count_here, enough))


async def count_departures(conn: Connection, now: datetime, people: int) -> None:
    """Remember for a day that so many have left."""
    await conn.execute(SQL.count_departures, now, people)


async def insert(conn: Connection, now: datetime, here: int, gone: int, said_by: SaidBy) -> int:
    """Open a hold."""
    return int(await conn.fetchval(SQL.insert_hold, now, here, gone, said_by))


async def hold_people(conn: Connection, hold_id: int, people: Collection[UUID], way: str, now: datetime) -> None:
    """Have what was asked of these wait for a hold's decision."""
    await conn.execute(SQL.hold_people, hold_id, list(people), way, now)


async def release_workers(conn: Connection, numbers: Collection[str]) -> None:
    """HR speaks again of workers it was about to erase."""
    await conn.execute(SQL.release_workers, list(numbers))


async def forget(conn: Connection, people: Collection[UUID]) -> None:
    """Erased people wait for nothing."""
    await conn.execute(SQL.forget_people, list(people))


async def take_approved(conn: Connection, limit: int) -> list[Record]:
    """Some people with what was asked of them and may happen now; they are taken once."""
    return list(await conn.fetch(SQL.take_approved, limit))


async def hold(conn: Connection, hold_id: int, records: Sequence[WorkerUpserted]) -> None:
    """Have records wait for a hold's decision."""
    places = zip(*((record.employee_number, *place(record)) for record in records), strict=True)
    await conn.execute(SQL.hold_records, hold_id, *places)


async def lock(conn: Connection, hold_id: int) -> Record | None:
    """One hold."""
    return await conn.fetchrow(SQL.lock_hold, hold_id)


async def decide(conn: Connection, hold_id: int, state: str, by: str, why: str, now: datetime) -> None:
    """Write the decision down."""
    await conn.execute(SQL.decide_hold, hold_id, state, now, by, why)


async def refuse_records(conn: Connection, hold_id: int, why: str) -> None:
    """Nobody of a hold leaves."""
    await conn.execute(SQL.refuse_held, hold_id, why)
