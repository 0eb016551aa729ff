"""What a consumer knows of its partitions: assignments, outages, and whether it has silently stalled."""

import asyncio
import logging
import time
from collections.abc import Iterable

from shared.kafka import AIOKafkaConsumer, ConsumerRebalanceListener, KafkaError, TopicPartition
from shared.telemetry import CONSUMER_LAG, REBALANCES

STALLED_SECONDS = 60.0
LOOK_SECONDS = 5.0
LONGEST_PAUSE = 5.0


SHUT_OUT = "UnknownError"
"""What the client makes of FENCED_INSTANCE_ID, which is not among the errors it knows."""
log = logging.getLogger(__name__)


class Stalled(Exception):
    """There is something to read and nothing was read for a minute: only a restart helps."""


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]
    """Only takes notes: a listener that waits can deadlock the client."""

    def __init__(self) -> None:
        self._progress = time.monotonic()
        self._outage_since: float | None = None
        self._pause = 0.1
        self.rebalances = 0

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Forget their lag."""
        for partition in revoked:
            CONSUMER_LAG.labels(partition.topic, partition.partition).set(0)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:  # noqa: ARG002
        """Start the clock again."""
        REBALANCES.inc()
        self.rebalances += 1
        self._progress = time.monotonic()

    def progressed(self) -> None:
        """A batch was applied."""
        self._progress = time.monotonic()
        self._outage_since = None
        self._pause = 0.1

    def outage(self) -> float:
        """The database failed; how long to wait, longer each time."""
        self._outage_since = self._outage_since or time.monotonic()
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return self._pause

    @property
    def outage_seconds(self) -> float:
        """How long the database has been in trouble."""
        return 0.0 if self._outage_since is None else time.monotonic() - self._outage_since

    async def watch(self, client: AIOKafkaConsumer) -> None:
        """Export the lag; raise Stalled when it does not shrink though there is something to read."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            lag = await self._lag(client)
            if lag == 0 or self._outage_since is not None:
                self._progress = time.monotonic()
            elif time.monotonic() - self._progress > STALLED_SECONDS:
                message = f"{lag} records to read and none read for {STALLED_SECONDS:.0f} s"
                raise Stalled(message)

    async def _lag(self, client: AIOKafkaConsumer) -> int:
        assigned = list(client.assignment())
        if not assigned:
            return 0
        try:
            ends = await asyncio.wait_for(client.end_offsets(assigned), LOOK_SECONDS)
            total = 0
            for partition in assigned:
                position = await asyncio.wait_for(client.position(partition), LOOK_SECONDS)
                lag = max(0, ends[partition] - position)
                CONSUMER_LAG.labels(partition.topic, partition.partition).set(lag)
                total += lag
        except (TimeoutError, KafkaError):
            return 1
        return total


def say_if_shut_out(error: KafkaError, instance: str) -> None:
    """A second process of the same name is seen by this alone."""
    if SHUT_OUT in str(error):
        log.error("the broker shut this process out: does another one run as LATERAL_INSTANCE=%s?", instance)
