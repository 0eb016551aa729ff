"""Five hundred clients at once on one API whose every connection is taken: how soon each is told to come again.

The bar is 1.5 s: one second of waiting for a connection, and what it takes to say so five hundred times.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
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
KEY = UUID(int=1)


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
            api = Member(
                "api", {"LATERAL_DATABASE_URL": url, "LATERAL_ISSUER": issuer.url, "LATERAL_LOG_LEVEL": "ERROR"}
            )
            await api.start()
            assert api.process is not None
            headers = issuer.bearer("employee")
            limits = httpx.Limits(max_connections=clients)
            async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=60, headers=headers) as http:

                async def post() -> tuple[int, float]:
                    began = time.perf_counter()
                    body = {"key": str(KEY), "operation": str(uuid4())}
                    answer = await http.post(f"http://127.0.0.1:{api.port}/v1/entries", json=body)
                    return answer.status_code, time.perf_counter() - began

                await post()
                conn = await asyncpg.connect(url)
                held = conn.transaction()
                await held.start()
                await conn.execute("SELECT FROM entries FOR UPDATE")
                crowd = [asyncio.create_task(post()) for _ in range(clients)]
                while sum(task.done() for task in crowd) < clients - settings.pool_size:
                    await asyncio.sleep(0.01)
                memory = psutil.Process(api.process.pid).memory_info().rss / 1e6
                await held.rollback()
                await conn.close()
                answers = await asyncio.gather(*crowd)
            await api.stop()
        server.remove()
    refused = sorted(seconds for status, seconds in answers if status == httpx.codes.SERVICE_UNAVAILABLE)
    p99 = statistics.quantiles(refused, n=100)[98]
    print(f"answers   {dict(Counter(status for status, _ in answers))}")
    print(f"503 after p50 {statistics.median(refused):.2f} s, p99 {p99:.2f} s, last {refused[-1]:.2f} s")
    print(f"ratio     {p99 / BAR_SECONDS:.2f} of the bar of {BAR_SECONDS} s; memory {memory:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=500)
    asyncio.run(main(parser.parse_args().size))
