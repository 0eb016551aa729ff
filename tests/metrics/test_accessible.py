"""Every page before a real browser's rendering and the rules of axe; skipped where neither is installed."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import httpx
import pytest

from services.metrics.commands.networks import count_networks
from shared.db import Database
from tests.fixtures.issuer import Issuer
from tests.metrics.test_networks import meeting, staff
from tests.metrics.world import PROGRAMME, deliver, goal, programme

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
AXE = Path(os.environ.get("LATERAL_AXE", "node_modules/axe-core/axe.min.js"))
RUN = (
    "<script>axe.run().then(found => { document.body.textContent = '';"
    "const out = document.createElement('pre'); out.id = 'found';"
    "out.textContent = JSON.stringify(found.violations.map(each =>"
    "[each.id, each.nodes.map(node => node.target.join(' '))])); document.body.append(out); });</script>"
)
PAGES = ("/", "/skills", "/knowledge", "/networks", "/pipeline", "/query-log", f"/programmes/{PROGRAMME}", "/sign-in")


@pytest.mark.skipif(not BROWSER or not AXE.is_file(), reason="no Chromium, or no axe-core (npm install axe-core)")
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
    axe = await asyncio.to_thread(AXE.read_text, "utf-8")
    for number, path in enumerate(PAGES):
        reply = await api.get(path, headers=issuer.bearer("admin"))
        assert reply.status_code == 200, path
        text = reply.text.replace('<link rel="stylesheet" href="/style.css">', f"<style>{style}</style>")
        text = text.replace("</body>", f"<script>{axe}</script>{RUN}</body>")
        file = tmp_path / f"{number}.html"
        await asyncio.to_thread(file.write_text, text, "utf-8")
        assert await asyncio.to_thread(_violations, file, tmp_path) == [], path


def _violations(file: Path, home: Path) -> object:
    """What axe says of a file after Chromium has laid it out."""
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home / 'profile'}"]
    done = subprocess.run(
        [*command, "--virtual-time-budget=10000", "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stdout[:500]
    return json.loads(unescape(found[1]))
