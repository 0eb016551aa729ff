"""Statements before somebody else's software: a record store and two validators; skipped where none is installed.

`LATERAL_RALPH` is a Python that has `ralph-malph[lrs,cli]` and `requests`, in an environment of its own (`.ci/run`).
`LATERAL_XAPI_VALIDATION` is the folder of npm's `@learninglocker/xapi-validation`.
"""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.ports import free_port
from services.metrics.commands.statements import set_store
from services.metrics.domain.xapi import VERSION_HEADER
from services.metrics.settings import MetricsSettings
from shared.db import Database
from tests.metrics.lrs import Store, serving_store
from tests.metrics.test_api import store as tell
from tests.metrics.test_statements import carrier, carry, states
from tests.metrics.world import held, part, people, programme

RALPH = os.environ.get("LATERAL_RALPH", "")
VALIDATION = Path(os.environ.get("LATERAL_XAPI_VALIDATION", "node_modules/@learninglocker/xapi-validation")).resolve()
VALIDATES = VALIDATION.is_dir()
# Its store in files makes a file and never adds to one, unless it is told to.
SERVE = """
import sys, uvicorn
from ralph.backends.data.base import BaseOperationType
from ralph.backends.data.fs import FSDataBackend
FSDataBackend.default_operation_type = BaseOperationType.APPEND
uvicorn.run("ralph.api:app", port=int(sys.argv[1]), log_level="warning")
"""
MODEL = """
import json, sys
from ralph.models.xapi.base.statements import BaseXapiStatement
for statement in json.load(sys.stdin):
    BaseXapiStatement.model_validate(statement)
"""
VALIDATE = """
const { statement } = require(process.argv[1] + '/dist/factory');
const told = JSON.parse(require('fs').readFileSync(0));
const wrong = told.flatMap(each => statement({ ...each, stored: each.timestamp || '2026-10-14T00:00:00Z',
  timestamp: each.timestamp || '2026-10-14T00:00:00Z', version: '1.0.3',
  authority: { objectType: 'Agent', mbox: 'mailto:lrs@example.org' } }, ['statement']));
process.stdout.write(JSON.stringify(wrong.map(String)));
"""


async def everything_we_say(db: Database, settings: MetricsSettings, store: Store, **changes: Any) -> None:
    """All verbs there are, then corrections that void some of them."""
    async with db.transaction() as conn:
        await set_store(conn, store.url)
    crowd, session = people(8), uuid4()
    await tell(db, programme(), held(session))
    await tell(
        db, *(part(session, one, shared=1, taught=1) for one in crowd[1:]), part(session, crowd[0], role="facilitator")
    )
    other = uuid4()
    await tell(db, held(other), *(part(other, one, state="registered") for one in crowd))
    await carry(db, carrier(settings, store, **changes))
    await tell(db, *(part(session, one, 2, state="no_show") for one in crowd[:3]))
    await carry(db, carrier(settings, store, **changes))


@asynccontextmanager
async def ralph(home: Path) -> AsyncIterator[Store]:
    """Ralph (France Université Numérique) with a store in files, on a loopback port."""
    port = free_port()
    env = {
        "PATH": os.environ["PATH"], "HOME": str(home), "RALPH_APP_DIR": str(home), "RALPH_RUNSERVER_BACKEND": "fs",
        "RALPH_AUTH_FILE": str(home / "auth.json"), "RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH": str(home),
    }  # fmt: skip
    known = [
        "-c",
        "from ralph.cli import cli; cli()",
        "auth",
        "-u",
        "metrics",
        "-p",
        "secret",
        "-s",
        "all",
        "-M",
        "mailto:a@example.org",
        "-w",
    ]
    await asyncio.to_thread(subprocess.run, [RALPH, *known], env=env, cwd=home, check=True, capture_output=True)
    running = await asyncio.create_subprocess_exec(RALPH, "-c", SERVE, str(port), env=env, cwd=home)
    store = Store("1.0.3")
    store.url = f"http://127.0.0.1:{port}/xAPI"
    try:
        async with httpx.AsyncClient() as client:
            while running.returncode is None:
                try:
                    await client.get(store.url)
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
        yield store
    finally:
        running.terminate()
        await running.wait()


@pytest.mark.skipif(not RALPH, reason="no Ralph: LATERAL_RALPH names none")
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_somebody_elses_record_store_takes_all_we_say_and_takes_it_once(
    db: Database, settings: MetricsSettings, tmp_path: Path, version: str
) -> None:
    async with ralph(tmp_path) as store:
        await everything_we_say(db, settings, store, xapi_version=version)
        assert set(await states(db)) == {"sent", "withdrawn"}
        before = await _kept(store, version)
        async with db.transaction() as conn:
            await conn.execute("UPDATE xapi_statements SET state = 'due', attempts = 0 WHERE state = 'sent'")
            ids = {str(row[0]) for row in await conn.fetch("SELECT statement_id FROM xapi_statements")}
        await carry(db, carrier(settings, store, xapi_version=version))
        assert set(await states(db)) == {"sent", "withdrawn"}
        after = await _kept(store, version)
    assert sorted(before) == sorted(after) == sorted(ids)


async def _kept(store: Store, version: str) -> list[str]:
    """Ids of what it holds, as it tells them itself."""
    found: list[str] = []
    path: str | None = "/statements?limit=100"
    async with httpx.AsyncClient(auth=("metrics", "secret"), headers={VERSION_HEADER: version}) as client:
        while path:
            reply = await client.get(f"{store.url.removesuffix('/xAPI')}/xAPI{path.removeprefix('/xAPI')}")
            assert reply.status_code == httpx.codes.OK, reply.text
            found += [each["id"] for each in reply.json()["statements"]]
            path = reply.json().get("more")
    return found


@pytest.mark.skipif(not RALPH and not VALIDATES, reason="no validator: neither Ralph nor xapi-validation")
async def test_somebody_elses_validators_find_nothing(db: Database, settings: MetricsSettings) -> None:
    async with serving_store() as store:
        await everything_we_say(db, settings, store)
    told = json.dumps(list(store.kept.values()))
    assert len(store.kept) > 30
    if RALPH:
        await asyncio.to_thread(subprocess.run, [RALPH, "-c", MODEL], input=told, text=True, check=True)
    if VALIDATES:
        command = ["node", "-e", VALIDATE, str(VALIDATION)]
        done = await asyncio.to_thread(subprocess.run, command, input=told, text=True, check=True, capture_output=True)
        assert done.stdout == "[]"
