"""The real Apache Kafka in KRaft mode, one node or several, from jars that Maven fetches by their coordinates."""

import functools
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from deploy.local.broker import answers
from deploy.local.ports import LOOPBACK, refuse_taken_port
from deploy.local.processes import Child, Command, Report, StartFailed, silent

KAFKA_VERSION = "4.1.0"
DEPENDENCIES = (("org.apache.kafka", "kafka_2.13", KAFKA_VERSION), ("org.slf4j", "slf4j-simple", "1.7.36"))
FETCH = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
CLUSTER = "bGF0ZXJhbC1sb2NhbC0xMQ"
"""Any 16 bytes as URL-safe base64: storage is formatted for a cluster id."""
JVM = (
    "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dlog4j2.level=warn",
)  # fmt: skip


class ApacheKafka:
    """One broker that is its own controller, or, with `voters`, one of several; its data lives under `state`.

    `options` are broker properties that replace or join ours; `format_options` go to the storage tool once.
    """

    def __init__(
        self,
        state: Path,
        port: int,
        controller_port: int,
        report: Report = silent,
        cache: Path | None = None,
        *,
        node: int = 1,
        voters: Mapping[int, int] | None = None,
        options: Mapping[str, str] | None = None,
        format_options: Sequence[str] = (),
    ) -> None:
        self.bootstrap = f"{LOOPBACK}:{port}"
        self._ports = {"Apache Kafka": port, "Apache Kafka's controller": controller_port}
        self._state = state.resolve()
        self._home = self._state / "kafka"
        self._jars = (cache or default_cache()) / f"kafka-{KAFKA_VERSION}"
        self._properties = self._home / "server.properties"
        self._settings = {
            "process.roles": "broker,controller",
            "node.id": str(node),
            "controller.quorum.voters": ",".join(
                f"{number}@{LOOPBACK}:{at}" for number, at in (voters or {node: controller_port}).items()
            ),
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
            "log.dirs": str(self._home / "data"),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            **(options or {}),
        }
        self._format_options = format_options
        self.child = Child(
            self._java("kafka", "kafka.Kafka", self._properties, stops=((signal.SIGTERM, 30.0),)), report
        )

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Fetch what is missing, start the broker and wait until it answers. Raises StartFailed."""
        if missing := missing_tools():
            message = (
                f"Apache Kafka needs {' and '.join(missing)} on the PATH; unset LATERAL_LOCAL_BROKER to go without"
            )
            raise StartFailed(message)
        for part, port in self._ports.items():
            refuse_taken_port(part, port)
        await self.fetch()
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in self._settings.items()), "utf-8")
        if not (self._home / "data" / "meta.properties").exists():
            await self._java(
                "kafka-format",
                "kafka.tools.StorageTool",
                "format",
                "-t",
                CLUSTER,
                "-c",
                self._properties,
                *self._format_options,
            ).run()
        await self.child.start()
        try:
            await self.child.ready(functools.partial(answers, self.bootstrap), within=60)
        except BaseException:
            await self.child.stop()
            raise

    async def stop(self) -> None:
        """Stop it in order."""
        await self.child.stop()

    async def fetch(self) -> None:
        """Fetch the jars, once for every checkout of this user. Raises StartFailed."""
        if self._jars.exists():
            return
        unfinished = self._jars.with_name(f"{self._jars.name}.{os.getpid()}")
        unfinished.mkdir(parents=True)
        pom = unfinished / "pom.xml"
        pom.write_text(_pom(), "utf-8")
        maven = shutil.which("mvn") or "mvn"
        try:
            await Command(
                "maven",
                (maven, "--batch-mode", "--quiet", "--file", pom, FETCH, "-DincludeScope=runtime",
                 f"-DoutputDirectory={unfinished}"),
                log=self._state / "logs" / "maven.log",
            ).run()  # fmt: skip
            if not self._jars.exists():
                unfinished.rename(self._jars)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _java(
        self, name: str, main: str, *arguments: str | Path, stops: tuple[tuple[signal.Signals, float], ...] = ()
    ) -> Command:
        java = shutil.which("java") or "java"
        log = self._state / "logs" / f"{name}.log"
        return Command(name, (java, *JVM, "-cp", f"{self._jars}/*", main, *arguments), log=log, stops=stops)


def missing_tools() -> list[str]:
    """What of Java and Maven is not on the PATH."""
    return [name for name, tool in (("Java", "java"), ("Maven", "mvn")) if shutil.which(tool) is None]


def default_cache() -> Path:
    """Where fetched jars are kept for every checkout of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lateral"


def _pom() -> str:
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
        for group, artifact, version in DEPENDENCIES
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>org.lateral</groupId><artifactId>local-kafka</artifactId><version>1</version>"
        f"<packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>"
    )
