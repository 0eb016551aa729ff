"""What the fault suite breaks: three brokers, and one register for the run."""

import os
from collections.abc import AsyncIterator

import pytest

from shared.db import Database
from shared.settings import Settings
from tests.faults.site import Site, whole
from tests.faults.world import World
from tests.fixtures import register


@pytest.fixture(scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One register on three brokers for the run; its history grows from test to test and is checked after each."""
    if os.environ.get("LATERAL_LOCAL_BROKER") != "apache":
        pytest.skip("kills and outages are tried on three Apache Kafka brokers, by `make test-kafka`")
    async with whole(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
async def world(on_kafka: Settings, db: Database) -> World:
    """A register in this very process."""
    await register.prepare(db)
    return World(on_kafka, db)
