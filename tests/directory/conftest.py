"""A directory of the test's own: its database, its HTTP side with real tokens, and HR events in."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.directory.app import create_app
from services.directory.settings import DirectorySettings
from shared.db import Connection, Database
from shared.settings import load
from tests.conftest import NewDatabase, Standing, undone
from tests.fixtures.issuer import Issuer


@pytest.fixture
async def settings(new_database: NewDatabase, issuer: Issuer) -> DirectorySettings:
    """Settings of a directory with an empty database."""
    return load(DirectorySettings, "directory", database_url=await new_database("directory"), issuer=issuer.url)


@pytest.fixture
async def db(new_database: NewDatabase) -> AsyncIterator[Database]:
    """A pool on an empty directory."""
    settings = load(DirectorySettings, "directory", database_url=await new_database("directory"))
    database = await Database.connect(settings)
    yield database
    await database.close()


@pytest.fixture
async def conn(standing: Standing) -> AsyncIterator[Connection]:
    """A connection in a transaction that is rolled back."""
    async with undone(await standing("directory")) as connection:
        yield connection


@pytest.fixture
async def api_db(settings: DirectorySettings) -> AsyncIterator[Database]:
    """A pool on the database behind `api`."""
    database = await Database.connect(settings)
    yield database
    await database.close()


@pytest.fixture
async def api(settings: DirectorySettings) -> AsyncIterator[httpx.AsyncClient]:
    """The service's HTTP side, its lifespan running."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api") as client,
    ):
        yield client
