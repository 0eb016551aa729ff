"""What can go wrong, as functions of a site: each does its harm under load, and heals it before it returns."""

import asyncio
import os
import signal
import subprocess
import tarfile
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from deploy.local.apache_kafka import ApacheKafka
from shared.relay import LOCK
from tests.faults.rig import Member, eventually
from tests.faults.site import Site
from tests.fixtures.proxy import Proxy

Nemesis = Callable[[Site], Awaitable[None]]
LEADER = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND granted"
SOME = 40
"""Operations acknowledged before a fault goes on."""
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
ROOT = Path(__file__).resolve().parents[2]


async def api_dies_before_its_commit(site: Site) -> None:
    """Row 3: neither row nor event; the client's second try works."""
    await _api_dies(site, "http.before_commit:10")


async def api_dies_before_its_reply(site: Site) -> None:
    """Row 4: the second try is answered with the first one's reply."""
    await _api_dies(site, "http.before_reply:10")


async def _api_dies(site: Site, place: str) -> None:
    async with _guest(site, "api", LATERAL_CRASH_AT=place) as doomed:
        assert await doomed.ended() == -signal.SIGKILL


async def worker_dies_at_each_point(site: Site) -> None:
    """Rows 1, 2 and 5: around publishing, marking, storing and committing."""
    places = ("outbox.before_publish:1", "outbox.after_publish:1", "consumer.before_store:2", "consumer.after_store:2")
    steady = site.rig.workers[0]
    await site.rig.workers[1].kill()
    await steady.kill()
    for place in places:
        await steady.start(LATERAL_CRASH_AT=place)
        assert await steady.ended() == -signal.SIGKILL
    for worker in site.rig.workers:
        await worker.start()


async def members_come_and_go(site: Site) -> None:
    """Row 6: rebalances in the middle of batches, one member leaving in order and one without a word."""
    async with _guest(site, "worker") as guest:
        await site.rig.acknowledged(SOME)
        assert await guest.stop() == 0
    await site.rig.workers[0].kill()
    await site.rig.acknowledged(SOME)
    await site.rig.workers[0].start()


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


async def every_broker_hangs(site: Site) -> None:
    """Rows 10 and 11: whatever the broker does, every write is accepted."""
    before = dict(site.rig.answers)
    for node in site.cluster.nodes:
        os.kill(node.child.pid, signal.SIGSTOP)
    try:
        await site.rig.acknowledged(4 * SOME)
    finally:
        for node in site.cluster.nodes:
            os.kill(node.child.pid, signal.SIGCONT)
    assert {status for status, count in site.rig.answers.items() if count > before.get(status, 0)} == {201}


async def database_crashes(site: Site) -> None:
    """Row 13: immediate shutdown, no checkpoint, recovery at the start."""
    os.kill(site.postgres.child.pid, signal.SIGQUIT)


async def database_freezes(site: Site) -> None:
    """Row 15: callers get 503, the process is alive, readiness says no."""
    server = psutil.Process(site.postgres.child.pid)
    frozen = [server, *server.children()]
    for process in frozen:
        process.suspend()
    before = site.rig.answers[503]
    async with httpx.AsyncClient(trust_env=False) as http:
        alive = await http.get(f"http://127.0.0.1:{site.rig.apis[0].port}/livez")
        ready = await http.get(f"http://127.0.0.1:{site.rig.apis[0].port}/readyz")
    async with site.rig.load(clients=30):
        await eventually(lambda: site.rig.answers[503] > before + SOME)
        for process in frozen:
            process.resume()
    assert (alive.status_code, ready.status_code) == (200, 503)


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
        _guest(site, "api", FAKETIME="+1h", **skew) as ahead,
        _guest(site, "worker", FAKETIME="-1h", **skew) as behind,
    ):
        await site.rig.acknowledged(2 * SOME)
        assert (await ahead.stop(), await behind.stop()) == (0, 0)


async def collector_is_a_black_hole(site: Site) -> None:
    """Row 34: traces that go nowhere hold nobody up."""
    async with Proxy(1) as proxy:
        proxy.black_hole()
        async with _guest(site, "api", LATERAL_OTLP_ENDPOINT=f"http://127.0.0.1:{proxy.port}") as api:
            await site.rig.acknowledged(SOME)
            assert await api.stop() == 0


async def apis_are_told_to_stop(site: Site) -> None:
    """Row 32: SIGTERM under load, again and again; nobody who was taken in is let down."""
    before = site.rig.answers[0]
    for _ in range(3):
        async with _guest(site, "api", LATERAL_DRAIN_SECONDS="5") as guest:
            await site.rig.acknowledged(SOME)
            assert await guest.stop() == 0
    assert site.rig.answers[0] == before


async def everybody_is_told_to_stop_while_the_brokers_hang(site: Site) -> None:
    """Row 32: SIGTERM with the broker away; within thirty seconds, by exit code 0."""
    for node in site.cluster.nodes:
        os.kill(node.child.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(30):
            assert await asyncio.gather(*(worker.stop() for worker in site.rig.workers)) == [0, 0]
    finally:
        for node in site.cluster.nodes:
            os.kill(node.child.pid, signal.SIGCONT)
    await asyncio.gather(*(worker.start() for worker in site.rig.workers))


async def partitions_are_added(site: Site) -> None:
    """Row 24: keys move to other partitions while they are written."""
    admin = AdminClient({"bootstrap.servers": site.cluster.bootstrap})
    topic = f"{site.rig.settings.topic_prefix}sessions.participation"
    more = len(admin.list_topics(topic, timeout=10).topics[topic].partitions) + 1
    if more < 12:
        admin.create_partitions([NewPartitions(topic, more)])[topic].result(30)


async def an_older_release_works_beside_this_one(site: Site) -> None:
    """The first release's code, as API and worker, on this release's schema and events; and this one on its events."""
    with tempfile.TemporaryDirectory() as folder:
        first = _git("rev-list", "--max-parents=0", "HEAD")
        archive = Path(folder) / "first.tar"
        _git("archive", "--output", str(archive), first, "shared", "services")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        (Path(folder) / "tests").symlink_to(ROOT / "tests")
        (Path(folder) / "deploy").symlink_to(ROOT / "deploy")
        before = dict(site.rig.answers)
        async with (
            _guest(site, "api", PYTHONPATH=folder, folder=folder) as api,
            _guest(site, "worker", PYTHONPATH=folder, folder=folder) as worker,
        ):
            await site.rig.acknowledged(4 * SOME)
            assert (await worker.stop(), await api.stop()) == (0, 0)
        strange = {status for status, count in site.rig.answers.items() if count > before.get(status, 0)} - {201, 0}
        assert not strange


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


@asynccontextmanager
async def _guest(site: Site, role: str, folder: str | None = None, **env: str) -> AsyncIterator[Member]:
    """One more member for the length of the block."""
    guest = Member(role, site.rig.env, folder)
    try:
        await guest.start(**env)
        if role == "api":
            site.rig.apis.append(guest)
        yield guest
    finally:
        if guest in site.rig.apis:
            site.rig.apis.remove(guest)
        await guest.kill()


def in_sync(node: ApacheKafka) -> bool:
    """Whether every partition has all its replicas again, as this broker sees it."""
    try:
        topics = AdminClient({"bootstrap.servers": node.bootstrap, "log_level": 0}).list_topics(timeout=2).topics
    except Exception:  # noqa: BLE001 - it is not there yet
        return False
    return all(len(part.isrs) == len(part.replicas) for topic in topics.values() for part in topic.partitions.values())


NEMESES: tuple[Nemesis, ...] = (
    api_dies_before_its_commit,
    api_dies_before_its_reply,
    worker_dies_at_each_point,
    members_come_and_go,
    worker_sleeps_beyond_its_session,
    relay_leader_sleeps_and_is_replaced,
    broker_is_killed,
    brokers_are_restarted_one_by_one,
    every_broker_hangs,
    database_crashes,
    database_freezes,
    network_to_the_database_resets,
    network_to_the_database_cuts_answers,
    network_to_the_database_swallows_everything,
    network_to_the_database_is_slow,
    clocks_disagree,
    collector_is_a_black_hole,
    apis_are_told_to_stop,
    everybody_is_told_to_stop_while_the_brokers_hang,
    partitions_are_added,
    an_older_release_works_beside_this_one,
)
QUICK: tuple[Nemesis, ...] = (
    api_dies_before_its_commit,
    api_dies_before_its_reply,
    members_come_and_go,
    relay_leader_sleeps_and_is_replaced,
    broker_is_killed,
    brokers_are_restarted_one_by_one,
    database_crashes,
    network_to_the_database_resets,
    network_to_the_database_is_slow,
    collector_is_a_black_hole,
)
"""Those whose bounds hold on a machine that is busy with other tests; `make soak` draws from all."""


async def strike(site: Site, nemesis: Nemesis) -> None:
    """One nemesis between clients at work."""
    async with site.rig.load():
        await site.rig.acknowledged(SOME // 2)
        await nemesis(site)
        await site.rig.acknowledged(SOME // 2)
