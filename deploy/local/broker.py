"""The development broker: the Kafka part of the `noida-db` wheel, in memory with a snapshot about once a second."""

import asyncio
import functools
import importlib.util
import os
import shutil
import signal
from pathlib import Path
from typing import Protocol, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.ports import LOOPBACK, refuse_taken_port
from deploy.local.processes import Child, Command, Report, StartFailed, silent


class Broker(Protocol):
    """A Kafka broker of our own, whichever it is."""

    @property
    def bootstrap(self) -> str:
        """Its host and port, for clients."""

    async def start(self) -> None:
        """Start it and wait until it answers. Raises StartFailed."""

    async def stop(self) -> None:
        """Stop it; what it has acknowledged is kept."""


class EmbeddedBroker:
    """One `noida-db` process that serves nothing but Kafka; its data lives under `state`."""

    def __init__(self, state: Path, port: int, report: Report = silent) -> None:
        self.bootstrap = f"{LOOPBACK}:{port}"
        self._port = port
        self._data = state.resolve() / "broker"
        binary = _binary(self._data)
        self.child = Child(
            Command(
                "broker",
                (binary, "start", "--only", "kafka", "--host", LOOPBACK, "--kafka-port", str(port),
                 "--data-dir", self._data),
                log=state / "logs" / "broker.log",
                orphaned=signal.SIGTERM,
            ),
            report,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until it answers. Raises StartFailed."""
        refuse_taken_port("The broker", self._port)
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self.child.start()
        try:
            await self.child.ready(functools.partial(answers, self.bootstrap), within=60)
        except BaseException:
            await self.child.stop()
            raise

    async def stop(self) -> None:
        """Stop it; it writes its last snapshot first."""
        await self.child.stop()


async def answers(bootstrap: str) -> bool:
    """Whether a broker lists its topics. The port alone says nothing: it opens before the data is loaded."""
    host, port = bootstrap.split(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        await asyncio.to_thread(admin.list_topics, timeout=2)
    except KafkaException:
        return False
    return True


def _binary(data: Path) -> Path:
    """The wheel's executable; a copy, where an installer dropped its permission to run."""
    spec = importlib.util.find_spec("noida_db")
    if spec is None or spec.origin is None:
        message = (
            "there is no embedded broker for this platform: install `lateral[local]`, set LATERAL_KAFKA_BOOTSTRAP,"
            " or set LATERAL_LOCAL_BROKER=apache where Java and Maven are present"
        )
        raise StartFailed(message)
    installed = Path(spec.origin).with_name("noida-db")
    if os.access(installed, os.X_OK):
        return installed
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = Path(shutil.copy(installed, data / installed.name))
    copy.chmod(0o700)
    return copy
