"""An API killed around its commit: what was acknowledged is there, and the same request again has one effect."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from deploy.local.ports import free_port
from deploy.local.story.client import eventually
from shared.db import connect
from shared.settings import Settings, load
from tests.conftest import NewDatabase
from tests.fixtures.delivery import SECONDS
from tests.fixtures.issuer import Issuer

TODAY = datetime.now(UTC).date()
PROGRAMME = {
    "name": "Pairs",
    "format": "mentoring",
    "modality": "remote",
    "confidentiality": "closed",
    "audience_units": [],
    "skills": [],
    "group_size_min": 2,
    "group_size_max": 2,
    "cadence_days": 14,
    "session_minutes": 30,
    "starts_on": str(TODAY + timedelta(days=1)),
    "ends_on": str(TODAY + timedelta(days=30)),
    "goals": [],
}


@asynccontextmanager
async def serving(settings: Settings, crash_at: str = "") -> AsyncIterator[httpx.AsyncClient]:
    """The sessions API as a process, which dies where it is told to."""
    port = free_port()
    env = os.environ | {
        "LATERAL_SESSIONS_DATABASE_URL": settings.database_url,
        "LATERAL_ISSUER": settings.issuer,
        "LATERAL_SESSIONS_PORT": str(port),
        "LATERAL_CRASH_AT": crash_at,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.sessions", "api", env=env)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS, trust_env=False) as client:
            await eventually("the API", lambda: ready(client), SECONDS)
            yield client
    finally:
        if not crash_at:  # to signal one that is dying takes its exit code away from whoever waits for it
            process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(process.wait(), SECONDS)
    assert code == (-signal.SIGKILL if crash_at else 0)


async def ready(client: httpx.AsyncClient) -> bool | None:
    try:
        return (await client.get("/readyz")).is_success or None
    except httpx.TransportError:
        return None


async def count(settings: Settings, table: str) -> int:
    conn = await connect(settings)
    found: int = await conn.fetchval(f"SELECT count(*) FROM {table}")
    await conn.close()
    return found


@pytest.mark.parametrize(("place", "kept"), [("http.before_commit", 0), ("http.before_reply", 1)])
async def test_a_post_that_was_cut_off_is_sent_again_and_has_one_effect(
    place: str, kept: int, new_database: NewDatabase, issuer: Issuer
) -> None:
    """Rows 3 and 4."""
    settings = load(Settings, "sessions", database_url=await new_database("sessions"), issuer=issuer.url)
    headers = issuer.bearer("programme-owner") | {"Idempotency-Key": "k1"}
    async with serving(settings, f"{place}:1") as api:
        with pytest.raises(httpx.TransportError):
            await api.post("/v1/programmes", json=PROGRAMME, headers=headers)
    assert await count(settings, "programmes") == kept
    async with serving(settings) as api:
        first = await api.post("/v1/programmes", json=PROGRAMME, headers=headers)
        again = await api.post("/v1/programmes", json=PROGRAMME, headers=headers)
    assert first.status_code == again.status_code == 201, first.text
    assert first.json() == again.json()
    assert first.headers.get("Idempotency-Replayed") == ("true" if kept else None)
    assert (await count(settings, "programmes"), await count(settings, "audit")) == (1, 1)
