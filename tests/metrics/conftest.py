from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from services.metrics.app import create_app
from services.metrics.settings import MetricsSettings
from shared.db import Connection, Database
from shared.settings import load
from tests.conftest import NewDatabase, Standing, undone
from tests.fixtures.issuer import Issuer


@pytest.fixture
async def settings(new_database: NewDatabase) -> MetricsSettings:
    return load(MetricsSettings, "metrics", database_url=await new_database("metrics"))


@pytest.fixture
async def db(settings: MetricsSettings) -> AsyncIterator[Database]:
    database = await Database.connect(settings)
    yield database
    await database.close()


@pytest.fixture
async def conn(standing: Standing) -> AsyncIterator[Connection]:
    """A connection in a transaction that is rolled back."""
    async with undone(await standing("metrics")) as connection:
        yield connection


@asynccontextmanager
async def serving(settings: MetricsSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application while its lifespan runs."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        yield client


@pytest.fixture
async def api(settings: MetricsSettings, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(settings.model_copy(update={"issuer": issuer.url})) as client:
        yield client
