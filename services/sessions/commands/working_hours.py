"""When people's time changes, what they are booked for moves to where all can be, or says that it does not suit."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from uuid import UUID

from services.sessions.commands.moves import FLAG, Move, booking, reschedule
from services.sessions.domain.settling import settle
from services.sessions.store import people
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "sessions")
MOVED = "Moved, because somebody's working hours, engagements or time budget have changed"


async def keep_to_hours(conn: Connection, changed: Collection[UUID]) -> int:
    """Settle everything these people are expected in; returns how many sessions moved.

    A session of a rule or a slot that was offered keeps its time for the sake of the others, and is flagged.
    """
    now, among = datetime.now(UTC), frozenset(changed)
    rows = await conn.fetch(SQL.lock_to_settle, list(changed), now)
    if not rows:
        return 0
    workers = await people.lock(conn, {person for row in rows for person in row["people"]})
    bookings = [booking(row, _known(row, workers), now) for row in rows]
    requests = [request for request, _ in bookings]
    taken = await people.around(conn, workers, requests, [row["session_id"] for row in rows])
    hours = {person: worker.hours for person, worker in workers.items()}
    fixed = {place for place, row in enumerate(rows) if row["fixed"]}
    settled = await asyncio.to_thread(settle, bookings, hours, taken.busy, taken.budgets, among, fixed)
    moves, flags = [], []
    for row, (_, span), where in zip(rows, bookings, settled, strict=True):
        if where.span != span:
            moves.append(Move.of(row, where, MOVED))
        else:
            flags.append((row["session_id"], None if where.fits else FLAG))
    if flags:
        await conn.execute(SQL.flag_sessions, *map(list, zip(*flags, strict=True)))
    await reschedule(conn, moves)
    return len(moves)


def _known(row: Record, workers: Mapping[UUID, people.Worker]) -> dict[UUID, int]:
    return {who: minutes for who, minutes in zip(row["people"], row["prepared"], strict=True) if who in workers}
