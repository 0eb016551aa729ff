"""When people's hours change, what they are booked for moves to where all can be, or says that it does not suit."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from services.sessions.commands.moves import FLAG, Move, booking, reschedule
from services.sessions.domain.scheduling import fits, settle
from services.sessions.store import people
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "sessions")
MOVED = "Moved, because somebody's working hours have changed"


async def keep_to_hours(conn: Connection, changed: Collection[UUID]) -> int:
    """Settle everything these people are expected in; returns how many sessions moved.

    A session of a rule or a slot that was offered keeps its time for the sake of the others, and is flagged.
    """
    now = datetime.now(UTC)
    rows = await conn.fetch(SQL.lock_to_settle, list(changed), now)
    if not rows:
        return 0
    workers = await people.lock(conn, {person for row in rows for person in row["people"]})
    bookings = [booking(row, [person for person in row["people"] if person in workers], now) for row in rows]
    requests = [request for request, _ in bookings]
    taken = await people.around(conn, workers, requests, [row["session_id"] for row in rows])
    hours = {person: worker.hours for person, worker in workers.items()}
    fixed = [(row, each) for row, each in zip(rows, bookings, strict=True) if row["fixed"]]
    flags = [
        (row["session_id"], None if fits(span, [hours[one] for one in request.people], []) else FLAG)
        for row, (request, span) in fixed
    ]
    for _, (request, span) in fixed:
        for person in request.people:
            taken.busy.setdefault(person, []).append(span)
    movable = [(row, each) for row, each in zip(rows, bookings, strict=True) if not row["fixed"]]
    settled = await asyncio.to_thread(settle, [each for _, each in movable], hours, taken.busy)
    moves = []
    for (row, (_, span)), where in zip(movable, settled, strict=True):
        if where.span != span:
            moves.append(Move.of(row, where, MOVED))
        else:
            flags.append((row["session_id"], None if where.fits else FLAG))
    if flags:
        await conn.execute(SQL.flag_sessions, *map(list, zip(*flags, strict=True)))
    await reschedule(conn, moves)
    return len(moves)
