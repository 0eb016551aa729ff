"""What the fault suite breaks: three brokers, a database behind a proxy, and a register of processes between them."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from deploy.local.kafka_cluster import KafkaCluster
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared import kafka
from shared.db import Database
from shared.settings import Settings, load
from tests.conftest import _migrate
from tests.faults.rig import Rig
from tests.fixtures import register
from tests.fixtures.issuer import serving_issuer
from tests.fixtures.proxy import Proxy


@dataclass
class Site:
    """All that a nemesis can lay hands on."""

    cluster: KafkaCluster
    postgres: Postgres
    proxy: Proxy
    """Between the register and its database."""
    direct: str
    """The database without the proxy."""
    rig: Rig


@pytest.fixture(scope="session")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KafkaCluster]:
    """Three brokers for the run: whoever takes one away brings it back."""
    if os.environ.get("LATERAL_LOCAL_BROKER") != "apache":
        pytest.skip("kills and outages are tried on three Apache Kafka brokers, by `make test-kafka`")
    async with KafkaCluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(scope="session")
async def site(cluster: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One register for the run; its history grows from test to test and is checked after each."""
    server = Postgres(tmp_path_factory.mktemp("own"), free_port())
    async with server, Proxy(server.port) as proxy, serving_issuer() as issuer:
        await server.create_service_databases(["metrics"])
        direct = server.dsn("metrics", "metrics")
        settings = load(
            Settings,
            "metrics",
            database_url=direct.replace(f":{server.port}/", f":{proxy.port}/"),
            kafka_bootstrap=cluster.bootstrap,
            kafka_replication=3,
        )
        await _migrate("shared", settings)
        await kafka.apply_topics(settings)
        db = await Database.connect(settings)
        await register.prepare(db)
        await db.close()
        rig = Rig(settings, issuer)
        try:
            await rig.start(apis=2, workers=2)
            yield Site(cluster, server, proxy, direct, rig)
            await rig.stop()
        finally:
            await rig.kill()
    server.remove()
