"""Several Apache Kafka brokers as one cluster, for tests that take brokers away while the others go on."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from deploy.local.apache_kafka import ApacheKafka
from deploy.local.ports import free_port

SAFE = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "unclean.leader.election.enable": "false",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "controlled.shutdown.enable": "true",
}
"""What an acknowledged record needs to outlive any one broker; a dead broker is noticed within three seconds."""


class KafkaCluster:
    """Three brokers that are their own controllers: replication 3, at least 2 in sync."""

    def __init__(self, state: Path, options: Mapping[str, str] | None = None) -> None:
        numbers = (1, 2, 3)
        voters = {number: free_port() for number in numbers}
        self.nodes = [
            ApacheKafka(
                state / f"broker-{number}",
                free_port(),
                voters[number],
                node=number,
                voters=voters,
                options=SAFE | dict(options or {}),
            )
            for number in numbers
        ]

    @property
    def bootstrap(self) -> str:
        """All brokers, for clients."""
        return ",".join(node.bootstrap for node in self.nodes)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start all at once, for none answers before most are there. Raises StartFailed."""
        await self.nodes[0].fetch()
        try:
            async with asyncio.TaskGroup() as group:
                for node in self.nodes:
                    group.create_task(node.start())
        except BaseExceptionGroup as error:
            await self.stop()
            raise error.exceptions[0] from error

    async def stop(self) -> None:
        """Stop all at once: one by one, the last would wait for a quorum that is gone."""
        await asyncio.gather(*(node.stop() for node in self.nodes))
