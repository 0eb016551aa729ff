"""Who leaves, and whose leaving waits for an operator."""

from collections.abc import Sequence
from datetime import datetime

from services.directory.domain.history import place
from shared import sql
from shared.db import Connection, Record
from shared.events.hr import WorkerUpserted

SQL = sql.load("services.directory", "holds")


async def open_hold(conn: Connection) -> int | None:
    """The hold that waits for somebody."""
    found: int | None = await conn.fetchval(SQL.open_hold)
    return found


async def gone_since(conn: Connection, since: datetime) -> int:
    """How many have left."""
    return int(await conn.fetchval(SQL.gone_since, since))


async def count_here(conn: Connection) -> int:
    """How many people are here."""
    return int(await conn.fetchval(SQL.count_here))


async def count_departures(conn: Connection, now: datetime, people: int) -> None:
    """Remember for a day that so many have left."""
    await conn.execute(SQL.count_departures, now, people)


async def insert(conn: Connection, now: datetime, here: int, gone: int) -> int:
    """Open a hold."""
    return int(await conn.fetchval(SQL.insert_hold, now, here, gone))


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
