"""What the fault suite breaks: three brokers, and one register for the run."""

import os
from collections.abc import AsyncIterator

import pytest

from deploy.local.kafka_cluster import KafkaCluster
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared.db import Database
from shared.settings import Settings
from tests.faults.site import Site, standing
from tests.faults.world import World
from tests.fixtures import register
from tests.fixtures.nursery import Nursery


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
    state = tmp_path_factory.mktemp("own")
    server, outside = Postgres(state, free_port()), state / "outside"
    outside.touch()
    nursery = Nursery()
    async with server, nursery, standing(cluster, server, "", nursery, REGISTER_OUTSIDE=str(outside)) as made:
        yield made
    server.remove()


@pytest.fixture
async def world(on_kafka: Settings, db: Database) -> World:
    """A register in this very process."""
    await register.prepare(db)
    return World(on_kafka, db)
