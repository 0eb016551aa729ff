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


@dataclass
class Site:
    """A running register and everything under it."""

    cluster: KafkaCluster
    postgres: Postgres
    proxy: Proxy
    """Between the register and its database."""
    direct: str
    """The database without the proxy."""
    rig: Rig


@asynccontextmanager
async def standing(
    cluster: KafkaCluster, server: Postgres, prefix: str = "", nursery: Nursery | None = None, **env: str
) -> AsyncIterator[Site]:
    """A register of two APIs and two workers on running servers; it ends in good order, or the block raises."""
    async with Proxy(server.port) as proxy, serving_issuer() as issuer:
        await server.create_service_databases(["metrics"])
        direct = server.dsn("metrics", "metrics")
        settings = load(
            Settings,
            "metrics",
            database_url=direct.replace(f":{server.port}/", f":{proxy.port}/"),
            kafka_bootstrap=cluster.bootstrap,
            kafka_replication=3,
            topic_prefix=prefix,
        )
        await _migrate("shared", settings)
        await kafka.apply_topics(settings)
        db = await Database.connect(settings)
        await register.prepare(db)
        await db.close()
        rig = Rig(settings, issuer, nursery, **env)
        try:
            await rig.start(apis=2, workers=2)
            yield Site(cluster, server, proxy, direct, rig)
            await rig.stop()
        finally:
            await rig.kill()


@asynccontextmanager
async def whole(state: Path, nursery: Nursery | None = None, **env: str) -> AsyncIterator[Site]:
    """The same with servers of its own."""
    server = Postgres(state, free_port())
    async with (
        KafkaCluster(state / "cluster") as cluster,
        server,
        standing(cluster, server, "", nursery, **env) as site,
    ):
        yield site
    server.remove()


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
