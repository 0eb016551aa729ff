"""Processes, brokers, the database and the network fail under load: the checker finds nothing wrong afterwards.

One register runs for all tests, and its history is never begun anew: what one test broke, a later one would find.
"""

import asyncio
import os
import signal
from functools import partial

import asyncpg
import httpx
import psutil
import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from deploy.local.apache_kafka import ApacheKafka
from shared.relay import LOCK
from tests.faults.conftest import Site
from tests.faults.rig import Member, eventually

pytestmark = pytest.mark.real_broker
LEADER = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND granted"
SOME = 60
"""Operations acknowledged before and after a fault."""


@pytest.mark.parametrize("place", ["http.before_commit:20", "http.before_reply:20"])
async def test_an_api_that_dies_answers_nobody_twice(site: Site, place: str) -> None:
    rig = site.rig
    doomed = Member("api", rig.env)
    await doomed.start(LATERAL_CRASH_AT=place)
    rig.apis.append(doomed)
    async with rig.load():
        assert await doomed.ended() == -signal.SIGKILL
        rig.apis.remove(doomed)
        await rig.acknowledged(SOME)
    assert await rig.anomalies() == []


async def test_a_member_that_comes_and_goes_and_one_that_is_killed_lose_nothing(site: Site) -> None:
    rig = site.rig
    async with rig.load():
        guest = Member("worker", rig.env)
        await guest.start()
        await rig.acknowledged(SOME)
        assert await guest.stop() == 0
        await rig.workers[0].kill()
        await rig.acknowledged(SOME)
        await rig.workers[0].start()
    assert await rig.anomalies() == []


async def test_a_worker_that_sleeps_beyond_its_session_does_no_harm_when_it_wakes(site: Site) -> None:
    rig = site.rig
    async with rig.load():
        await rig.acknowledged(SOME)
        rig.workers[0].signal(signal.SIGSTOP)
        await asyncio.sleep(8)  # its session lasts six seconds
        rig.workers[0].signal(signal.SIGCONT)
        await rig.acknowledged(SOME)
    assert await rig.anomalies() == []


async def test_an_old_relay_leader_that_wakes_up_inverts_nothing(site: Site) -> None:
    rig = site.rig
    conn = await asyncpg.connect(site.direct)
    async with rig.load():
        for worker in rig.workers:
            await rig.acknowledged(SOME)
            backend = await conn.fetchval(LEADER)
            worker.signal(signal.SIGSTOP)
            await conn.execute("SELECT pg_terminate_backend($1)", backend)
            await rig.acknowledged(SOME)
            worker.signal(signal.SIGCONT)
    await conn.close()
    assert await rig.anomalies() == []


async def test_a_broker_that_is_killed_takes_nothing_with_it(site: Site) -> None:
    rig = site.rig
    async with rig.load():
        for node in site.cluster.nodes[:2]:
            await rig.acknowledged(SOME)
            os.kill(node.child.pid, signal.SIGKILL)  # its keeper starts it again
            await rig.acknowledged(SOME)
            await eventually(partial(in_sync, node))
    assert rig.answers.keys() <= {201, 0}
    assert await rig.anomalies() == []


async def test_a_rolling_restart_of_the_brokers_is_not_noticed(site: Site) -> None:
    rig = site.rig
    async with rig.load():
        for node in site.cluster.nodes:
            await node.stop()
            await node.start()
            await eventually(partial(in_sync, node))
    assert await rig.anomalies() == []


async def test_while_every_broker_hangs_every_write_is_accepted(site: Site) -> None:
    rig = site.rig
    await rig.settle()
    before = dict(rig.answers)
    for node in site.cluster.nodes:
        os.kill(node.child.pid, signal.SIGSTOP)
    try:
        async with rig.load():
            await rig.acknowledged(5 * SOME)
    finally:
        for node in site.cluster.nodes:
            os.kill(node.child.pid, signal.SIGCONT)
    refused = {status: count for status, count in rig.answers.items() if count > before.get(status, 0)}
    assert refused.keys() == {201}
    assert await rig.anomalies() == []


async def test_a_database_that_crashes_loses_nothing_it_acknowledged(site: Site) -> None:
    rig = site.rig
    async with rig.load():
        for _ in range(2):
            await rig.acknowledged(SOME)
            os.kill(site.postgres.child.pid, signal.SIGQUIT)  # immediate: no checkpoint, recovery at the start
            await rig.acknowledged(SOME)
    assert rig.answers.keys() <= {201, 503, 0}
    assert await rig.anomalies() == []


async def test_a_frozen_database_is_answered_by_503_in_time_and_restarts_nobody(site: Site) -> None:
    rig = site.rig
    await rig.settle()
    rig.slowest_failure = 0.0
    frozen = [psutil.Process(site.postgres.child.pid), *psutil.Process(site.postgres.child.pid).children()]
    async with rig.load(clients=40):
        await rig.acknowledged(SOME)
        for process in frozen:
            process.suspend()
        before = rig.answers[503]
        await eventually(lambda: rig.answers[503] > before + SOME)
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(f"http://127.0.0.1:{rig.apis[0].port}/livez")).is_success
            assert (await http.get(f"http://127.0.0.1:{rig.apis[0].port}/readyz")).status_code == 503
        for process in frozen:
            process.resume()
        await rig.acknowledged(SOME)
    assert await rig.anomalies() == []


@pytest.mark.parametrize("fault", ["reset", "cut", "cut in the middle of an answer", "black hole", "slow"])
async def test_a_bad_network_to_the_database_is_a_503_and_nothing_worse(site: Site, fault: str) -> None:
    rig, proxy = site.rig, site.proxy
    async with rig.load():
        await rig.acknowledged(SOME)
        match fault:
            case "reset":
                proxy.reset()
            case "cut":
                proxy.cut()
            case "cut in the middle of an answer":
                proxy.cut_after = 10
                await asyncio.sleep(1)
            case "black hole":
                proxy.black_hole()
                await asyncio.sleep(4)
            case "slow":
                proxy.latency = 0.1
        await rig.acknowledged(SOME if fault == "slow" else 0)
        proxy.heal()
        await rig.acknowledged(SOME)
    assert rig.answers.keys() <= {201, 503, 0}
    assert await rig.anomalies() == []


async def test_partitions_added_to_a_live_topic_lose_no_order(site: Site) -> None:
    rig = site.rig
    async with rig.load():
        await rig.acknowledged(SOME)
        admin = AdminClient({"bootstrap.servers": site.cluster.bootstrap})
        admin.create_partitions([NewPartitions("sessions.participation", 8)])["sessions.participation"].result(30)
        await rig.acknowledged(SOME)
    await rig.settle()
    assert await rig.anomalies() == []


def in_sync(node: ApacheKafka) -> bool:
    """Whether this broker holds every partition again."""
    try:
        topics = AdminClient({"bootstrap.servers": node.bootstrap, "log_level": 0}).list_topics(timeout=2).topics
    except Exception:  # noqa: BLE001 - it is not there yet
        return False
    return all(len(part.isrs) == len(part.replicas) for topic in topics.values() for part in topic.partitions.values())
