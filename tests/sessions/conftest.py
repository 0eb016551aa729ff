"""Sessions with a database, an application behind its gate, and tokens from the development issuer."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from deploy.local import issuer as development
from deploy.local.ports import free_port
from deploy.local.web import Served
from services.sessions.app import create_app
from services.sessions.consumers import HANDLERS
from services.sessions.settings import SessionsSettings
from shared.db import Database, Record
from shared.events.base import Event
from shared.settings import load
from tests.conftest import NewDatabase
from tests.sessions.events import envelope, person

TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="session")
async def tokens(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[development.Issuer]:
    """An issuer that answers for its keys."""
    port = free_port()
    signer = development.Issuer(Path(tmp_path_factory.mktemp("issuer")), f"http://127.0.0.1:{port}")
    page = Served(development.create_app(signer), port)
    await page.start()
    yield signer
    await page.stop()


class World:
    """One sessions service, and what the others would tell it."""

    def __init__(self, db: Database, client: httpx.AsyncClient, tokens: development.Issuer) -> None:
        self.db, self.client, self._tokens = db, client, tokens

    async def hear(self, *events: Event) -> None:
        """Handle events of one class in one transaction, as the consumer does."""
        async with self.db.transaction() as conn:
            await HANDLERS[type(events[0])](conn, [envelope(event) for event in events])

    async def people(self, count: int, **changes: Any) -> list[UUID]:
        """Known people with working hours."""
        ids = [uuid4() for _ in range(count)]
        await self.hear(*(person(one, **changes) for one in ids))
        return ids

    async def fetch(self, query: str, *args: object) -> list[Record]:
        async with self.db.acquire() as conn:
            return list(await conn.fetch(query, *args))

    async def execute(self, query: str, *args: object) -> None:
        async with self.db.acquire() as conn:
            await conn.execute(query, *args)

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """Events of a type in the outbox, in order; `kind` is a part of the type."""
        rows = await self.fetch("SELECT header_names, header_values, value FROM outbox ORDER BY id")
        found = []
        for row in rows:
            headers = dict(zip(row["header_names"], row["header_values"], strict=True))
            if kind in headers["ce_type"].decode():
                found.append(orjson.loads(row["value"]))
        return found

    async def call(
        self, method: str, path: str, body: Any = None, *, who: UUID | None = None, roles: Any = ("employee",),
        **headers: str,
    ) -> httpx.Response:  # fmt: skip
        token = self._tokens.token(roles, person_id=str(who) if who else None)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}", **named})

    async def own(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.call(method, path, body, who=None, roles=("programme-owner",), **headers)

    async def programme(self, *, publish: bool = True, **changes: Any) -> UUID:
        """A programme, published unless it shall not be."""
        reply = await self.own("POST", "/v1/programmes", {**PROGRAMME, **changes})
        assert reply.status_code == 201, reply.text
        found = UUID(reply.json()["programme_id"])
        if publish:
            assert (await self.own("POST", f"/v1/programmes/{found}/publish")).status_code == 200
        return found


PROGRAMME: dict[str, Any] = {
    "name": "Circles",
    "objective": "Learn from each other",
    "sponsor_id": str(uuid4()),
    "format": "mentoring_circle",
    "audience_units": [],
    "starts_on": str(TODAY + timedelta(days=1)),  # so that midnight may pass while tests run
    "ends_on": str(TODAY + timedelta(days=56)),
    "cadence_days": 14,
    "goals": [{"measure": "participation_rate", "baseline": 0.1, "target": 0.4, "due": str(date(2027, 6, 1))}],
}
PAST: dict[str, Any] = {
    "backfill": True,
    "starts_on": str(TODAY.replace(day=1) - timedelta(days=31)),
    "ends_on": str(TODAY.replace(day=1) - timedelta(days=1)),
}


@pytest.fixture
async def world(new_database: NewDatabase, tokens: development.Issuer) -> AsyncIterator[World]:
    settings = load(
        SessionsSettings,
        "sessions",
        database_url=await new_database("sessions"),
        issuer=tokens.url,
        pool_size=12,
        acquire_timeout=30.0,
    )
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sessions") as client,
    ):
        yield World(app.state.db, client, tokens)
