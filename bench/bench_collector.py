"""Writes while the collector of traces swallows everything, against the same writes without one: the 99th percentile.

Two APIs on one database take turns, so that whatever else the machine does meets both.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from uuid import uuid4

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
from tests.fixtures.proxy import Proxy

CLIENTS = 4
TURNS = 20


async def turn(api: Member, headers: dict[str, str], writes: int) -> list[float]:
    """So many writes by a few clients; the seconds of each."""
    taken: list[float] = []

    async def client(http: httpx.AsyncClient) -> None:
        for _ in range(writes // CLIENTS):
            body = {"key": str(uuid4()), "operation": str(uuid4())}
            began = time.perf_counter()
            answer = await http.post("/v1/entries", json=body, headers=headers)
            taken.append(time.perf_counter() - began)
            assert answer.status_code == 201, answer.text

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", trust_env=False, timeout=60) as http:
        await asyncio.gather(*(client(http) for _ in range(CLIENTS)))
    return taken


async def main(size: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as state:
        server = Postgres(Path(state), free_port())
        async with server, serving_issuer() as issuer, Proxy(1) as hole:
            hole.black_hole()
            await server.create_service_databases(["metrics"])
            settings = load(Settings, "metrics", database_url=server.dsn("metrics", "metrics"))
            await _migrate("shared", settings)
            db = await Database.connect(settings)
            await register.prepare(db)
            await db.close()
            own = {"LATERAL_DATABASE_URL": settings.database_url, "LATERAL_ISSUER": issuer.url}
            apis = {"no collector": Member("api", own), "a black hole": Member("api", own)}
            await apis["no collector"].start()
            await apis["a black hole"].start(LATERAL_OTLP_ENDPOINT=f"http://127.0.0.1:{hole.port}")
            seconds: defaultdict[str, list[float]] = defaultdict(list)
            for number in range(TURNS + 1):
                for name, api in apis.items():
                    taken = await turn(api, issuer.bearer("employee"), size // TURNS)
                    seconds[name] += taken if number else []  # the first turn warms up
            p99 = {name: statistics.quantiles(taken, n=100)[98] for name, taken in seconds.items()}
            for name, api in apis.items():
                assert api.process is not None
                memory = psutil.Process(api.process.pid).memory_info().rss / 1e6
                median = statistics.median(seconds[name])
                print(f"{name:<13} p50 {1000 * median:.1f} ms  p99 {1000 * p99[name]:.1f} ms  {memory:.0f} MB")
                await api.stop()
            print(f"ratio         {p99['a black hole'] / p99['no collector']:.2f} of the 99th percentile without")
        server.remove()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=20_000)
    asyncio.run(main(parser.parse_args().size))
