"""A matching service of the test's own: its database, its HTTP side with real tokens, events in and out."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias
from uuid import UUID

import httpx
import orjson
import pytest

from services.matching.app import create_app
from services.matching.consumers import HANDLERS
from services.matching.couriers import couriers
from services.matching.settings import MatchingSettings
from shared.courier import run_once
from shared.db import Database, Record
from shared.events.base import Event
from shared.settings import load
from tests.conftest import NewDatabase
from tests.fixtures.issuer import Issuer
from tests.matching.world import envelope


@pytest.fixture
async def settings(lent_database: NewDatabase) -> MatchingSettings:
    return load(MatchingSettings, "matching", database_url=await lent_database("matching"))


@pytest.fixture
async def db(settings: MatchingSettings) -> AsyncIterator[Database]:
    database = await Database.connect(settings)
    yield database
    await database.close()


class World:
    """What the other services tell matching, and what it says."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def hear(self, *events: Event) -> None:
        """Handle events of one class in one transaction, as the consumer does."""
        async with self.db.transaction() as conn:
            await HANDLERS[type(events[0])](conn, [envelope(event) for event in events])

    async def fetch(self, query: str, *values: object) -> list[Record]:
        async with self.db.acquire() as conn:
            return list(await conn.fetch(query, *values))

    async def execute(self, query: str, *values: object) -> None:
        async with self.db.acquire() as conn:
            await conn.execute(query, *values)

    async def said(self, cls: type[Event]) -> list[dict[str, Any]]:
        """All events of a class in the outbox, in order."""
        rows = await self.fetch("SELECT header_names, header_values, value FROM outbox ORDER BY id")
        return [
            orjson.loads(row["value"])
            for row in rows
            if dict(zip(row["header_names"], row["header_values"], strict=True))["ce_type"].decode() == cls.event_type
        ]


@pytest.fixture
async def world(db: Database) -> World:
    return World(db)


Work: TypeAlias = Callable[[], Awaitable[None]]


@pytest.fixture
def work(settings: MatchingSettings, db: Database) -> Work:
    """Has done all that there is for workers to do."""
    every = couriers(settings)

    async def all_of_it() -> None:
        while [courier for courier in every if await run_once(db, courier)]:
            pass

    return all_of_it


class Caller:
    """Calls the service's HTTP side with a real token."""

    def __init__(self, client: httpx.AsyncClient, issuer: Issuer) -> None:
        self._client = client
        self._issuer = issuer

    async def __call__(
        self,
        method: str,
        path: str,
        *roles: str,
        person: UUID | None = None,
        json: object = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        bearer = self._issuer.bearer(*(roles or ("employee",)), person_id=str(person) if person else ...)
        return await self._client.request(method, path, json=json, headers={**bearer, **(headers or {})})


@pytest.fixture
async def call(settings: MatchingSettings, issuer: Issuer) -> AsyncIterator[Caller]:
    app = create_app(settings.model_copy(update={"issuer": issuer.url}))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://matching") as client,
    ):
        yield Caller(client, issuer)
