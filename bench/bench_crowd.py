"""Five hundred clients at once on one API whose every connection is taken: how soon each is told to come again.

The bar is 1.5 s from connecting to the answer's first line. The clients are bare sockets in a process of their own: a
library that takes two milliseconds a request would be what is measured. The peer is the same crowd on /livez, which
needs neither database nor token: what the machine, the sockets and the server take by themselves.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import psutil

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared.db import Database
from shared.settings import Settings, load
from tests.conftest import _migrate
from tests.faults.rig import Member
from tests.fixtures import register
from tests.fixtures.issuer import serving_issuer

BAR_SECONDS = 1.5
Answers = Sequence[tuple[int, float]]
"""Status and seconds of each."""


async def send(port: int, token: str, clients: int) -> Answers:
    """Let a crowd ask; its answers."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.sockets", str(port), str(clients), token, stdout=asyncio.subprocess.PIPE
    )  # fmt: skip
    out, _ = await process.communicate()
    return [(status, seconds) for status, seconds in json.loads(out)]


def tell(what: str, answers: Answers) -> float:
    """Print one line; returns the 99th percentile."""
    seconds = sorted(taken for _, taken in answers)
    p99 = statistics.quantiles(seconds, n=100)[98]
    print(f"{what:<34} p50 {statistics.median(seconds):.2f} s  p99 {p99:.2f} s  last {seconds[-1]:.2f} s")
    return p99


async def main(clients: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as state:
        server = Postgres(Path(state), free_port())
        async with server, serving_issuer() as issuer:
            await server.create_service_databases(["metrics"])
            url = server.dsn("metrics", "metrics")
            settings = load(Settings, "metrics", database_url=url)
            await _migrate("shared", settings)
            db = await Database.connect(settings)
            await register.prepare(db)
            await db.close()
            own = {"LATERAL_DATABASE_URL": url, "LATERAL_ISSUER": issuer.url, "LATERAL_LOG_LEVEL": "CRITICAL"}
            api = Member("api", own)
            await api.start()
            assert api.process is not None
            token = issuer.bearer("employee")["Authorization"]
            [(status, _)] = await send(api.port, token, 1)
            assert status == 201, status
            alive = await send(api.port, "", clients)
            conn, watcher = await asyncpg.connect(url), await asyncpg.connect(url)
            held = conn.transaction()
            await held.start()
            await conn.execute("SELECT FROM entries FOR UPDATE")
            asking = asyncio.create_task(send(api.port, token, clients))
            blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while await watcher.fetchval(blocked) < settings.pool_size:
                await asyncio.sleep(0.01)
            await asyncio.sleep(3 * BAR_SECONDS)  # every connection stays taken until all others have been told
            await held.rollback()
            await conn.close()
            await watcher.close()
            answers = await asking
            memory = psutil.Process(api.process.pid).memory_info().rss / 1e6
            await api.stop()
        server.remove()
    print(f"answers   {dict(Counter(status for status, _ in answers))}; memory {memory:.0f} MB")
    peer = tell("peer: /livez", alive)
    ours = tell("503", [answer for answer in answers if answer[0] == 503])
    print(f"ratio     {ours / BAR_SECONDS:.2f} of the bar of {BAR_SECONDS} s, {ours / peer:.1f} of the peer")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=500)
    asyncio.run(main(parser.parse_args().size))
