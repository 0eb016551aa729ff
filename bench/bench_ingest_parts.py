"""Metrics: where the time of an event goes, in microseconds of CPU, here and in the database, part by part.

Fetch, decode and apply one after another, without reading ahead: the parts are told by who spends them, and what other
work the machine does hardly shows.
"""

import argparse
import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import uvloop

from bench.metrics_worker import FACTS
from bench.metrics_world import Size, fill_people, participations, produce, stack
from services.metrics import store
from services.metrics.commands import facts, freshness, statements
from shared import batch, consumer, deadletters, inbox, kafka, ledger
from shared.db import Connection, Database
from shared.processes import tune_memory

P = ParamSpec("P")
T = TypeVar("T")
PARTS = {
    "decode": ((batch, "read_on"),),
    "runs, parked keys, letters": ((consumer, "runs"), (deadletters, "held"), (deadletters, "supersede")),
    "inbox": ((inbox, "claim"),),
    "months and sessions": ((store, "place_facts"),),
    "facts, with the roll-up": ((store, "write_facts"),),
    "the rest of the handler": ((facts, "record_participations"), (statements, "tell_participations")),
    "freshness": ((freshness, "record_lag"),),
    "ledger": ((ledger, "record"),),
}


class Clock:
    """Seconds of CPU of this process and of one backend; a part inside another is its own and not the other's."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.backend = 0
        self._stack: list[list[float]] = []

    def _now(self) -> list[float]:
        told = Path(f"/proc/{self.backend}/schedstat").read_text("ascii") if self.backend else "0"
        return [time.process_time(), int(told.split()[0]) / 1e9]

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Whatever happens in the block belongs to that part."""
        began, inner = self._now(), [0.0, 0.0]
        self._stack.append(inner)
        try:
            yield
        finally:
            self._stack.pop()
            for at, (now, then) in enumerate(zip(self._now(), began, strict=True)):
                self.spent[name][at] += now - then - inner[at]
                if self._stack:
                    self._stack[-1][at] += now - then

    def awaited(self, name: str, work: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        """The same, timed."""

        async def timed(*args: P.args, **kwargs: P.kwargs) -> T:
            with self.part(name):
                return await work(*args, **kwargs)

        return timed

    def called(self, name: str, work: Callable[P, T]) -> Callable[P, T]:
        """The same, timed."""

        def timed(*args: P.args, **kwargs: P.kwargs) -> T:
            with self.part(name):
                return work(*args, **kwargs)

        return timed


class Timed(Database):
    """A database that knows which backend it speaks to, and what beginning and ending a transaction takes."""

    clock: Clock

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """The transaction of the batch."""
        block = super().transaction()
        conn = await block.__aenter__()
        self.clock.backend = self.clock.backend or await conn.fetchval("SELECT pg_backend_pid()")
        try:
            yield conn
        except BaseException as error:
            await block.__aexit__(type(error), error, error.__traceback__)
            raise
        with self.clock.part("commit"):
            await block.__aexit__(None, None, None)


async def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=60_000, help="events")
    options.add_argument("--people", type=int, default=20_000)
    options.add_argument("--batch", type=int, default=5000)
    asked = options.parse_args()
    clock = Clock()
    for name, places in PARTS.items():
        for module, function in places:
            work: Any = getattr(module, function)
            timed = clock.awaited if asyncio.iscoroutinefunction(work) else clock.called
            setattr(module, function, timed(name, work))
    async with stack(asked.batch) as (settings, _):
        await fill_people(settings, asked.people)
        await produce(settings, participations(Size(asked.size, asked.people)))
        db = await Timed.connect(settings)
        db.clock = clock
        reader = consumer.Consumer(settings, db, FACTS)
        client = kafka.consumer(settings, "parts")
        client.subscribe(["sessions.participation"])
        await client.start()
        tune_memory()
        taken = 0
        while taken < asked.size:
            if taken <= asked.batch:
                clock.spent.clear()  # the first batches fill caches
                first = taken
            with clock.part("everything else"):
                records = await reader._take(client, 250)  # noqa: SLF001
                if records.raws:
                    await reader._apply(records.raws, records.decoded)  # noqa: SLF001
            taken += len(records.raws)
        await client.stop()
        await db.close()
    events = (taken - first) / 1e6
    print(f"{'us of CPU an event':28}{'process':>9}{'database':>9}")
    for name, (here, there) in sorted(clock.spent.items(), key=lambda part: -sum(part[1])):
        print(f"{name:28}{here / events:>9.2f}{there / events:>9.2f}")
    here, there = (sum(part[at] for part in clock.spent.values()) / events for at in (0, 1))
    print(f"{'all':28}{here:>9.2f}{there:>9.2f}")


if __name__ == "__main__":
    uvloop.run(main())
