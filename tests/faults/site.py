"""All that a nemesis can lay hands on: three brokers, a database behind a proxy, and a register of processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.kafka_cluster import KafkaCluster
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared import kafka
from shared.db import Database
from shared.settings import Settings, load
from tests.conftest import _migrate
from tests.faults.rig import Member, Rig
from tests.fixtures import register
from tests.fixtures.issuer import serving_issuer
from tests.fixtures.nursery import Nursery
from tests.fixtures.proxy import Proxy

STREAMING = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}
"""What a server needs that a standby is to follow."""


@dataclass
class Site:
    """A running register and everything under it."""

    state: Path
    cluster: KafkaCluster
    postgres: Postgres
    """The one that serves: another after each promotion."""
    proxy: Proxy
    """Between the register and its database."""
    rig: Rig

    @property
    def direct(self) -> str:
        """The database without the proxy."""
        return self.postgres.dsn("metrics", "metrics")


@asynccontextmanager
async def whole(state: Path) -> AsyncIterator[Site]:
    """Two APIs and two workers on servers of their own; it ends in good order, or the block raises.

    Processes are borne by one that has imported everything, and somebody outside wants to be told of each operation.
    """
    outside, postgres = state / "outside", Postgres(state, free_port(), options=STREAMING)
    outside.touch()
    async with (
        Nursery() as nursery,
        KafkaCluster(state / "cluster") as cluster,
        postgres,
        Proxy(postgres.port) as proxy,
        serving_issuer() as issuer,
    ):
        await postgres.create_service_databases(["metrics"])
        url = postgres.dsn("metrics", "metrics").replace(f":{postgres.port}/", f":{proxy.port}/")
        brokers = {"kafka_bootstrap": cluster.bootstrap, "kafka_replication": 3}
        settings = load(Settings, "metrics", database_url=url, **brokers)
        await _migrate("shared", settings)
        await kafka.apply_topics(settings)
        db = await Database.connect(settings)
        await register.prepare(db)
        await db.close()
        rig = Rig(settings, issuer, nursery, REGISTER_OUTSIDE=str(outside))
        site = Site(state, cluster, postgres, proxy, rig)
        try:
            await rig.start(apis=2, workers=2)
            yield site
            await rig.stop()
        finally:
            await rig.kill()
            await site.postgres.stop()
            site.postgres.remove()


@asynccontextmanager
async def guest(site: Site, role: str, folder: str | None = None, **env: str) -> AsyncIterator[Member]:
    """One more member for the length of the block."""
    member = site.rig.member(role, folder)
    if "LD_PRELOAD" in env:
        member.nursery = None  # what is loaded before everything else cannot be loaded by a fork
    try:
        await member.start(**env)
        if role == "api":
            site.rig.apis.append(member)
        yield member
    finally:
        if member in site.rig.apis:
            site.rig.apis.remove(member)
        await member.kill()
