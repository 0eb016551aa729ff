"""Every page before a real browser's rendering and the rules of axe; skipped where neither is installed."""

import asyncio
from pathlib import Path

import httpx
import pytest

from services.metrics.commands.networks import count_networks
from shared.db import Database
from tests.fixtures.axe import MISSING, found_in
from tests.fixtures.issuer import Issuer
from tests.metrics.test_networks import meeting, staff
from tests.metrics.world import PROGRAMME, deliver, goal, programme

WIDTHS = (1280, 320)
"""A desk's screen; the narrowest on which pages have to be usable (WCAG 1.4.10)."""
PAGES = ("/", "/skills", "/knowledge", "/networks", "/pipeline", "/query-log", f"/programmes/{PROGRAMME}", "/sign-in",
         "/nothing")  # fmt: skip


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
async def test_axe_finds_nothing_on_any_page(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, tmp_path: Path
) -> None:
    units = await staff(db, board=4, ops=20, sales=20)
    async with db.transaction() as conn:
        await deliver(conn, [programme(goals=(goal(),))])
    await meeting(db, units["ops"][:8] + units["sales"][:8] + units["board"][:2])
    async with db.transaction() as conn:
        assert await count_networks(conn, 5) == 1
    style = (await api.get("/style.css")).text
    pages = {}
    for path in PAGES:
        reply = await api.get(path, headers={"Accept": "text/html", **issuer.bearer("admin")})
        assert reply.status_code == (404 if path == "/nothing" else 200), path
        pages[path] = reply.text.replace('<link rel="stylesheet" href="/style.css">', f"<style>{style}</style>")
    found = await asyncio.to_thread(found_in, pages, tmp_path, WIDTHS)
    assert {at: told for at, told in found.items() if told[1] or told[0] > at[1]} == {}
