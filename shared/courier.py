"""Effects outside the database: claim in one transaction, act in none, settle in another.

A crash between the two leaves an item claimed: its lease runs out and it is claimed again. How often an item may be
interrupted like that is for `claim` to say, for only it sees the row.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from opentelemetry.instrumentation.utils import suppress_instrumentation

from shared.crashpoint import crashpoint
from shared.db import TROUBLE, Connection, Database
from shared.telemetry import TIMER_RUNS

log = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """What became of one attempt: done; `later`, because the other side is in trouble; or `never`."""

    result: Literal["done", "later", "never"]
    detail: str = ""
    status: int | None = None
    wait: float | None = None
    """Seconds the other side asked us to wait."""
    body: bytes = b""
    """The beginning of what it answered, where that says whether it is done."""


@dataclass(frozen=True, slots=True)
class Courier:
    """`claim` takes what is due, at most `at_once` act at a time, `settle` writes down what came of each."""

    name: str
    claim: Callable[[Connection], Awaitable[Sequence[Any]]]
    act: Callable[[Any], Awaitable[Outcome]]
    settle: Callable[[Connection, Sequence[tuple[Any, Outcome]]], Awaitable[None]]
    every: float = 1.0
    """Seconds to rest when nothing was due."""
    at_once: int = 10


async def run(db: Database, couriers: Sequence[Courier], stop: asyncio.Event) -> None:
    """Deliver until `stop`."""
    async with asyncio.TaskGroup() as group:
        for courier in couriers:
            group.create_task(_repeat(db, courier, stop))
        await stop.wait()


async def _repeat(db: Database, courier: Courier, stop: asyncio.Event) -> None:
    while not stop.is_set():
        outcome, done = "failed", 0
        try:
            with suppress_instrumentation():
                done = await run_once(db, courier)
            outcome = "done"
        except TROUBLE as error:
            log.warning("courier waits for the database", exc_info=error, extra={"fields": {"courier": courier.name}})
        except Exception:
            log.exception("courier failed", extra={"fields": {"courier": courier.name}})
        TIMER_RUNS.labels(courier.name, outcome).inc()
        if done:
            continue
        try:
            await asyncio.wait_for(stop.wait(), courier.every)
        except TimeoutError:
            continue


async def run_once(db: Database, courier: Courier) -> int:
    """One round; returns how many items were acted on."""
    async with db.transaction() as conn:
        claimed = await courier.claim(conn)
    if not claimed:
        return 0
    await crashpoint("courier.claimed")
    slots = asyncio.Semaphore(courier.at_once)

    async def act(item: Any) -> tuple[Any, Outcome]:
        async with slots:
            try:
                return item, await courier.act(item)
            except Exception as error:
                log.exception("an item could not be delivered", extra={"fields": {"courier": courier.name}})
                return item, Outcome("never", type(error).__name__)

    outcomes = await asyncio.gather(*map(act, claimed))
    await crashpoint("courier.acted")
    async with db.transaction() as conn:
        await courier.settle(conn, outcomes)
    return len(claimed)
