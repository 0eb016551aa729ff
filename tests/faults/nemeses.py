"""What can go wrong, as functions of a site: each does its harm under load, and heals it before it returns."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import psutil
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions

from deploy.local.apache_kafka import ApacheKafka
from shared import outbox
from shared.envelope import encode
from shared.events.privacy import ErasureRequested
from shared.relay import LOCK
from tests.faults import harm
from tests.faults.history import Anomaly
from tests.faults.releases import an_older_release_works_beside_this_one
from tests.faults.rig import PATIENCE, SOME, eventually
from tests.faults.site import Site, guest
from tests.fixtures.delivery import HOSTILE, participation
from tests.fixtures.proxy import Proxy

Nemesis = Callable[[Site], Awaitable[None]]
LEADER = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND granted"
OUTAGE_SECONDS = 300.0
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


async def processes_die_at_every_point(site: Site) -> None:
    """Rows 1, 2, 3, 4 and 5: in a request, and around publishing, marking, storing, committing, telling and ending."""
    await harm.kill(site, kills=25)


async def readers_come_and_go(site: Site) -> None:
    """Row 6: rebalances in the middle of batches."""
    await harm.come_and_go(site, readers=5)


async def worker_sleeps_beyond_its_session(site: Site) -> None:
    """Row 7: a zombie wakes with a batch that others have read meanwhile."""
    site.rig.workers[0].signal(signal.SIGSTOP)
    await asyncio.sleep(8)  # its session lasts six seconds
    site.rig.workers[0].signal(signal.SIGCONT)


async def relay_leader_sleeps_and_is_replaced(site: Site) -> None:
    """Row 8: two leaders, of whom the old one holds records in its hands."""
    conn = await asyncpg.connect(site.direct)
    for worker in site.rig.workers:
        backend = await conn.fetchval(LEADER)
        worker.signal(signal.SIGSTOP)
        await conn.execute("SELECT pg_terminate_backend($1)", backend)
        await site.rig.acknowledged(SOME)
        worker.signal(signal.SIGCONT)
    await conn.close()


async def broker_is_killed(site: Site) -> None:
    """Row 9: the leader of some partitions is gone; its keeper starts it again."""
    node = site.cluster.nodes[0]
    os.kill(node.child.pid, signal.SIGKILL)
    await site.rig.acknowledged(SOME)
    await eventually(partial(in_sync, node))


async def brokers_are_restarted_one_by_one(site: Site) -> None:
    """Row 9: an upgrade of the brokers."""
    for node in site.cluster.nodes:
        await node.stop()
        await node.start()
        await eventually(partial(in_sync, node))


async def all_brokers_are_killed(site: Site) -> None:
    """Rows 9 and 10."""
    await harm.lose_brokers(site, politely=False)


async def all_brokers_are_stopped(site: Site) -> None:
    """Rows 9 and 10."""
    await harm.lose_brokers(site, politely=True)


async def all_brokers_hang(site: Site) -> None:
    """Rows 10 and 11."""
    await harm.hang_brokers(site)


async def brokers_are_away_for_five_minutes(site: Site) -> None:
    """Row 10."""
    await harm.lose_brokers(site, politely=True, seconds=OUTAGE_SECONDS)


async def database_crashes(site: Site) -> None:
    """Row 13."""
    await harm.crash_database(site)


async def standby_is_promoted(site: Site) -> None:
    """Row 14."""
    await harm.promote(site)


async def database_freezes(site: Site) -> None:
    """Row 15: callers get 503, the process is alive, readiness says no."""
    server = psutil.Process(site.postgres.child.pid)
    frozen = [server, *server.children()]
    for process in frozen:
        process.suspend()
    before, port = site.rig.answers[503], site.rig.apis[0].port
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
            alive, ready = [await http.get(f"http://127.0.0.1:{port}/{path}") for path in ("livez", "readyz")]
        async with site.rig.load(clients=30):
            try:
                await eventually(lambda: site.rig.answers[503] > before + SOME)
            finally:
                _resume(frozen)
    finally:
        _resume(frozen)
    assert (alive.status_code, ready.status_code) == (200, 503)


def _resume(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # a backend whose client has left ends as soon as it runs again
            process.resume()


async def network_to_the_database_resets(site: Site) -> None:
    """Row 33."""
    site.proxy.reset()


async def network_to_the_database_cuts_answers(site: Site) -> None:
    """Row 33: a reset in the middle of a response."""
    site.proxy.cut_after = 10
    await asyncio.sleep(1)
    site.proxy.heal()


async def network_to_the_database_swallows_everything(site: Site) -> None:
    """Row 33: half-open connections."""
    site.proxy.black_hole()
    await asyncio.sleep(3)
    site.proxy.heal()


async def network_to_the_database_is_slow(site: Site) -> None:
    """A tenth of a second a packet."""
    site.proxy.latency = 0.1
    await site.rig.acknowledged(SOME)
    site.proxy.heal()


async def clocks_disagree(site: Site) -> None:
    """Row 23: an API an hour ahead and a worker an hour behind; order is by version and offset, never by clock."""
    if FAKETIME is None:
        pytest.skip("clocks are skewed by Debian's libfaketime, which is not here")
    skew = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    async with (
        guest(site, "api", FAKETIME="+1h", **skew) as ahead,
        guest(site, "worker", FAKETIME="-1h", **skew) as behind,
    ):
        await site.rig.acknowledged(2 * SOME)
        assert (await ahead.stop(), await behind.stop()) == (0, 0)


async def collector_is_a_black_hole(site: Site) -> None:
    """Row 34: traces that go nowhere hold nobody up."""
    async with Proxy(1) as proxy:
        proxy.black_hole()
        async with guest(site, "api", LATERAL_OTLP_ENDPOINT=f"http://127.0.0.1:{proxy.port}") as api:
            await site.rig.acknowledged(SOME)
            assert await api.stop() == 0


async def many_are_told_to_stop(site: Site) -> None:
    """Row 32: SIGTERM under load."""
    await harm.stop(site, 6, "up")


async def many_are_told_to_stop_while_the_brokers_hang(site: Site) -> None:
    """Row 32: the same with nobody to hand over to, who keeps the connection."""
    await harm.stop(site, 6, "hanging")


async def many_are_told_to_stop_while_the_brokers_are_stopped(site: Site) -> None:
    """Row 32: the same with nobody to connect to."""
    await harm.stop(site, 6, "stopped")


async def partitions_are_added(site: Site) -> None:
    """Row 24: keys move to other partitions while they are written."""
    admin = AdminClient({"bootstrap.servers": site.cluster.bootstrap})
    topic = "sessions.participation"
    more = len(admin.list_topics(topic, timeout=10).topics[topic].partitions) + 1
    if more < 12:
        admin.create_partitions([NewPartitions(topic, more)])[topic].result(30)


async def broken_records_arrive(site: Site) -> None:
    """Row 16: on every partition, between good ones."""
    broken = Producer({"bootstrap.servers": site.cluster.bootstrap})
    topic = "sessions.participation"
    for body in HOSTILE:
        headers, _ = encode(participation(uuid4(), 1), {})
        broken.produce(topic, body, str(uuid4()).encode(), headers=dict(headers))
        await site.rig.acknowledged(SOME // len(HOSTILE))
    assert await asyncio.to_thread(broken.flush, PATIENCE) == 0


async def people_are_erased(site: Site) -> None:
    """Row 30: whoever has just been acknowledged, while their events are still on the way."""
    conn = await asyncpg.connect(site.direct)
    already = await conn.fetchval("SELECT count(*) FROM erased")
    people = [UUID(operation) for operation in list(site.rig.operations)[-SOME:]]
    today = datetime.now(UTC).date()
    asked = [ErasureRequested(request_id=uuid4(), person_id=person, requested_on=today) for person in people]
    await outbox.append_all(conn, [(request, None) for request in asked])
    await site.rig.acknowledged(SOME)
    await eventually(partial(_equals, conn, "SELECT count(*) FROM erased", already + len(people)))
    await conn.close()


async def _equals(conn: "asyncpg.Connection[asyncpg.Record]", query: str, value: object) -> bool:
    return bool(await conn.fetchval(query) == value)


def in_sync(node: ApacheKafka) -> bool:
    """Whether every partition has all its replicas again, as this broker sees it."""
    try:
        topics = AdminClient({"bootstrap.servers": node.bootstrap, "log_level": 0}).list_topics(timeout=2).topics
    except Exception:  # noqa: BLE001 - it is not there yet
        return False
    return all(len(part.isrs) == len(part.replicas) for topic in topics.values() for part in topic.partitions.values())


NEMESES: tuple[Nemesis, ...] = (
    processes_die_at_every_point,
    readers_come_and_go,
    worker_sleeps_beyond_its_session,
    relay_leader_sleeps_and_is_replaced,
    broker_is_killed,
    brokers_are_restarted_one_by_one,
    all_brokers_are_killed,
    all_brokers_are_stopped,
    all_brokers_hang,
    database_crashes,
    database_freezes,
    standby_is_promoted,
    network_to_the_database_resets,
    network_to_the_database_cuts_answers,
    network_to_the_database_swallows_everything,
    network_to_the_database_is_slow,
    clocks_disagree,
    collector_is_a_black_hole,
    many_are_told_to_stop,
    many_are_told_to_stop_while_the_brokers_hang,
    many_are_told_to_stop_while_the_brokers_are_stopped,
    partitions_are_added,
    broken_records_arrive,
    people_are_erased,
    an_older_release_works_beside_this_one,
)
LONG: tuple[Nemesis, ...] = (brokers_are_away_for_five_minutes,)
"""By name only: `--only`."""


async def strike(site: Site, nemesis: Nemesis) -> list[Anomaly]:
    """One nemesis between clients at work; what the checker says when all is at rest again."""
    async with site.rig.load():
        await site.rig.acknowledged(SOME // 2)
        await nemesis(site)
        await site.rig.acknowledged(SOME // 2)
    assert site.rig.answers.keys() <= {0, 201, 503}, site.rig.answers
    return await site.rig.anomalies()
