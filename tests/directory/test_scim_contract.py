"""The library's own rules for a storage, all of them, on ours."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from scim2_models import ScimProvider
from scim2_server.storage import ScimStorage
from scim2_server.testing import AsyncScimStorageContract, BlockingStorage

from deploy.local.postgres import Postgres
from services.directory.api.scim_service import scim_service
from services.directory.api.scim_storage import DirectoryStorage
from services.directory.settings import DirectorySettings
from shared.db import connect
from shared.migrate import migrate
from shared.settings import load

PROVIDER = scim_service("secret").provider


@pytest.fixture(scope="module")
async def directory(postgres: Postgres) -> AsyncIterator[DirectorySettings]:
    """One empty directory for all the rules: each is tried in a transaction that is rolled back."""
    name = "directory_scim_contract"
    await postgres.create_database(name, "directory")
    settings = load(DirectorySettings, "directory", database_url=postgres.dsn(name, "directory"))
    await migrate(settings)
    yield settings
    await postgres.drop_database(name)


class TestDirectoryStorage(AsyncScimStorageContract):
    """With the schemas, the limits and the tolerance that are served."""

    @pytest.fixture
    def provider(self) -> ScimProvider:
        return PROVIDER

    @pytest.fixture
    def storage(self, directory: DirectorySettings) -> Iterator[ScimStorage]:
        with asyncio.Runner() as runner:
            conn = runner.run(connect(directory))
            transaction = conn.transaction()
            runner.run(transaction.start())
            yield BlockingStorage(DirectoryStorage(conn, PROVIDER), runner)
            runner.run(transaction.rollback())
            runner.run(conn.close())
