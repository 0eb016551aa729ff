"""A register in this very process: parts of it can be replaced by wrong ones, and its history read."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from shared.consumer import Consumer, Handlers
from shared.db import Database
from shared.kafka import consumer, partitions
from shared.settings import Settings
from tests.faults.history import Anomaly, Gauge, Operation, check
from tests.faults.records import SECRET, TOPIC, read_history
from tests.fixtures import register
from tests.fixtures.delivery import SECONDS, consuming, publish_all


class Killed(BaseException):
    """The process dies here: no handler of errors sees it."""


@dataclass
class World:
    """One register with its operations so far."""

    settings: Settings
    db: Database
    operations: list[Operation] = field(default_factory=list)
    side_effects: list[str] = field(default_factory=list)
    told: Collection[str] | None = None
    """Of whom somebody outside has heard, if anybody is there."""
    gauges: Sequence[Gauge] = ()

    async def write(self, *keys: UUID) -> None:
        """One acknowledged operation a key, each in a transaction of its own."""
        for key in keys:
            operation = uuid4()
            async with self.db.transaction() as conn:
                entry = await register.enter(conn, key, operation)
            self.operations.append(register.acknowledged(operation, entry))

    async def publish(self) -> None:
        """Empty the outbox by the right relay."""
        await publish_all(self.settings)

    async def consume(self, handlers: Handlers = register.HANDLERS) -> None:
        """Let the right consumer read everything there is."""
        async with consuming(self.settings, self.db, handlers):
            await committed_all(self.settings)

    async def die(self, handlers: Handlers, cls: type[Consumer] = Consumer) -> None:
        """Run a consumer until it dies as by `kill -9`."""
        with suppress(Killed):
            await asyncio.wait_for(cls(self.settings, self.db, handlers).run(asyncio.Event()), SECONDS)

    async def anomalies(self) -> list[Anomaly]:
        """What the checker says now."""
        return check(
            await read_history(
                self.settings,
                self.operations,
                self.side_effects,
                secret=SECRET,
                told=self.told,
                gauges=self.gauges,
            )
        )


async def committed_all(settings: Settings, within: float = SECONDS) -> None:
    """Wait until the group has committed the end of every partition."""
    await committed(settings, everything=True, within=within)


async def committed(settings: Settings, *, everything: bool, within: float = SECONDS) -> None:
    """Wait until the group has committed every partition's end, or anything at all."""
    places = (await partitions(settings, [TOPIC]))[TOPIC.name]
    client = consumer(settings, f"{settings.topic_prefix}{settings.service}")
    client.assign(places)
    await client.start()
    try:
        async with asyncio.timeout(within):
            while True:
                ends = await client.end_offsets(places)
                found = {place: await client.committed(place) or 0 for place in places}
                if found == ends if everything else any(found.values()):
                    return
                await asyncio.sleep(0.02)
    finally:
        await client.stop()


def kinds(anomalies: Sequence[Anomaly]) -> set[str]:
    """Their names."""
    return {anomaly.kind for anomaly in anomalies}
