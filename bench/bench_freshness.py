"""Metrics: from the acknowledgement of a feedback over HTTP to its number, through two services and a broker.

Five people answer by HTTP. The time begins when the fifth has the answer, for fewer are told to nobody, and ends when
the row of their batch can be read in metrics. Between: the timer that lets answers go (once a second), outbox, relay,
broker, consumer. Sessions and metrics are processes of their own; the second half reads a backlog of participation at
the same time. The floor is the timer: a wait of half a second at the median, a whole one at worst.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import httpx
import psutil
import uvloop

from bench.bench_metrics import TAKEN, workers
from bench.bench_sessions import crowd
from bench.metrics_world import Size, fill_people, participations, produce, settled, stack
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.sessions.settings import SessionsSettings
from shared.db import Database, connect
from shared.migrate import migrate
from shared.settings import Settings, load
from tests.fixtures.issuer import Issuer, serving_issuer

FIVE = 5
LONGEST = 60.0
PEOPLE = """
INSERT INTO people (
    person_id, version, status, division, time_zone, work_starts, work_ends, work_days, hired_on
)
SELECT person_id, 1, 'active', 'd1', 'Europe/Berlin', 480, 1080, '{1,2,3,4,5}', '2020-01-01' FROM participants
"""
Answers = list[tuple[UUID, UUID]]
"""Sessions, and people who were there."""


@asynccontextmanager
async def sessions(
    server: Postgres, bootstrap: str, issuer: Issuer, people: int
) -> AsyncIterator[tuple[httpx.AsyncClient, Answers, psutil.Process]]:
    """The service, whole, in a process of its own; a client, and who may answer what."""
    await server.create_service_databases(["sessions"])
    url, port = server.dsn("sessions", "sessions"), free_port()
    settings = load(SessionsSettings, "sessions", database_url=url)
    await migrate(settings)
    conn = await connect(settings)
    asked = await crowd(conn, 1, people)
    await conn.execute(PEOPLE)
    await conn.execute("UPDATE participants SET state = 'attended'")
    await conn.close()
    environ = os.environ | {
        "LATERAL_SESSIONS_DATABASE_URL": url, "LATERAL_KAFKA_BOOTSTRAP": bootstrap, "LATERAL_ISSUER": issuer.url,
        "LATERAL_SESSIONS_PORT": str(port), "LATERAL_LOG_LEVEL": "ERROR",
    }  # fmt: skip
    child = subprocess.Popen([sys.executable, "-m", "services.sessions", "all"], env=environ)  # noqa: ASYNC220
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=LONGEST) as client:
            async with asyncio.timeout(LONGEST):
                while True:
                    with suppress(httpx.TransportError):
                        if (await client.get("/readyz")).is_success:
                            break
                    await asyncio.sleep(0.05)
            yield client, asked, psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait()


async def answer(client: httpx.AsyncClient, issuer: Issuer, asked: Answers) -> float:
    """Five people, one after the other; when the last had its acknowledgement."""
    for session, person in asked:
        reply = await client.post(
            f"/v1/sessions/{session}/feedback",
            json={"usefulness": 5, "relevance": 4, "engagement": 5},
            headers=issuer.bearer("employee", person_id=str(person), exp=3600),
        )
        assert reply.status_code == httpx.codes.ACCEPTED, reply.text
    return time.perf_counter()


async def probe(db: Database, client: httpx.AsyncClient, issuer: Issuer, asked: Answers, backlog: int) -> list[float]:
    """Milliseconds of each batch of five; with a backlog, of those that were seen before its end."""
    taken = []
    for start in range(0, len(asked), FIVE):
        async with db.acquire() as conn:
            before = await conn.fetchval("SELECT count(*) FROM feedback")
        acknowledged = await answer(client, issuer, asked[start : start + FIVE])
        await settled(db, "SELECT count(*) FROM feedback", before + 1)
        seen = time.perf_counter()
        async with db.acquire() as conn:
            if backlog and await conn.fetchval(TAKEN) >= backlog:
                break
        taken.append((seen - acknowledged) * 1000)
    return taken


def tell(what: str, taken: list[float]) -> None:
    """One line of figures."""
    if not taken:
        print(f"{what:<16} no batch of five came before the end of the backlog")
        return
    ordered = sorted(taken)
    p99 = ordered[max(0, -(-99 * len(ordered) // 100) - 1)]
    print(f"{what:<16} p50 {statistics.median(ordered):,.0f} ms  p99 {p99:,.0f} ms  n {len(ordered)}", flush=True)


async def measure(settings: Settings, server: Postgres, given: argparse.Namespace) -> None:
    """Idle, then while a backlog is taken in."""
    db = await Database.connect(settings)
    async with (
        serving_issuer() as issuer,
        sessions(server, settings.kafka_bootstrap, issuer, (2 * given.probes + 1) * FIVE) as (client, asked, process),
    ):
        half = (given.probes + 1) * FIVE
        async with workers(settings, 1) as (worker,):
            await probe(db, client, issuer, asked[:FIVE], 0)
            tell("idle", await probe(db, client, issuer, asked[FIVE:half], 0))
            resident = worker.resident
        await produce(settings, participations(Size(given.size, given.people)))
        async with workers(settings, 1):
            first, began = await settled(db, TAKEN, settings.batch_size), time.perf_counter()
            taken = await probe(db, client, issuer, asked[half:], given.size)
            rate = (await settled(db, TAKEN, 1) - first) / (time.perf_counter() - began)
        tell("at full ingest", taken)
        print(f"{'':<16} {rate:,.0f} facts/s were taken in meanwhile")
        memory = process.memory_info().rss / 1e6
        print(f"memory           sessions {memory:.0f} MB, metrics {resident} MB, idle")
    await db.close()


async def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=200_000, help="facts in the backlog")
    options.add_argument("--people", type=int, default=20_000)
    options.add_argument("--probes", type=int, default=20, help="batches of five answers, idle and at full ingest")
    options.add_argument("--batch", type=int, default=5000)
    given = options.parse_args()
    async with stack(given.batch) as (settings, server):
        await fill_people(settings, given.people)
        await measure(settings, server, given)


if __name__ == "__main__":
    uvloop.run(main())
