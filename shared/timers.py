"""Work that falls due by itself: each timer runs in a transaction, in one worker at a time, and may run again."""

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from opentelemetry.instrumentation.utils import suppress_instrumentation

from shared import audit, idempotency, inbox, sql
from shared.db import TROUBLE, Connection, Database
from shared.telemetry import DB_IN_USE, DLQ_OPEN, OUTBOX_AGE, OUTBOX_PENDING, PARKED_KEYS, TIMER_RUNS

SQL = sql.load("shared", "delivery")
LOCK = 7_300_003
log = logging.getLogger(__name__)


class Timer(NamedTuple):
    """`run` does what is due and returns how much that was; it must catch up after an outage."""

    name: str
    every: float
    """Seconds between runs."""
    run: Callable[[Connection], Awaitable[int]]
    patience: float | None = None
    """Seconds a statement may take: heavy work has a connection of its own and opens its transactions itself."""


async def _maintain(conn: Connection) -> int:
    return int(await conn.fetchval(SQL.maintain_outbox))


async def _measure(conn: Connection) -> int:
    """Here and not in the relay, which measures nothing while it waits for a broker that is down."""
    if row := await conn.fetchrow(SQL.backlog):
        OUTBOX_PENDING.set(row["pending"])
        OUTBOX_AGE.set(row["oldest"])
        DLQ_OPEN.set(row["letters"])
        PARKED_KEYS.set(row["keys"])
    return 0


HOUSEKEEPING = (
    Timer("outbox-partitions", 3600, _maintain),
    Timer("inbox-prune", 3600, inbox.prune),
    Timer("idempotency-prune", 600, idempotency.prune),
    Timer("audit-seal", 1, audit.seal),
    Timer("backlog-measure", 5, _measure),
)


async def run(db: Database, timers: Sequence[Timer], stop: asyncio.Event) -> None:
    """Run every timer at its pace until `stop`; a failure is logged and tried again at the next turn."""
    async with asyncio.TaskGroup() as group:
        for timer in timers:
            group.create_task(_repeat(db, timer, stop))


async def _repeat(db: Database, timer: Timer, stop: asyncio.Event) -> None:
    while not stop.is_set():
        outcome = "failed"
        try:
            with suppress_instrumentation():
                await run_once(db, timer)
            outcome = "done"
        except TROUBLE as error:
            log.warning("timer waits for the database", exc_info=error, extra={"fields": {"timer": timer.name}})
        except Exception:
            log.exception("timer failed", extra={"fields": {"timer": timer.name}})
        TIMER_RUNS.labels(timer.name, outcome).inc()
        DB_IN_USE.set(db.in_use)
        try:
            await asyncio.wait_for(stop.wait(), timer.every)
        except TimeoutError:
            continue


async def run_once(db: Database, timer: Timer) -> int:
    """Run one timer unless another worker is at it; returns how much was done."""
    number = zlib.crc32(timer.name.encode()) >> 1
    if timer.patience is not None:
        async with db.apart(timer.patience) as conn:
            mine = await conn.fetchval("SELECT pg_try_advisory_lock($1, $2)", LOCK, number)
            return await timer.run(conn) if mine else 0
    async with db.transaction() as conn:
        mine = await conn.fetchval("SELECT pg_try_advisory_xact_lock($1, $2)", LOCK, number)
        return await timer.run(conn) if mine else 0
