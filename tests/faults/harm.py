"""Harm by the count: processes killed at named points or told to stop, readers that come and go, servers that fail.

Each is done to a site whose clients are at work, says in `Rig.harm` how often, in `Rig.took` how long the return took,
and raises when what it claims does not hold.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from typing import Literal
from uuid import uuid4

import asyncpg
import httpx
from confluent_kafka import Producer

from deploy.local.broker import answers
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared.envelope import encode
from tests.faults.rig import CLIENTS, PATIENCE, SOME, Member, Rig, eventually
from tests.faults.site import STREAMING, Site
from tests.fixtures.delivery import participation

Brokers = Literal["up", "hanging", "stopped"]
API_POINTS = ("http.before_commit", "http.before_reply")
WORKER_POINTS = (
    "outbox.before_publish",
    "outbox.while_sending",
    "outbox.after_publish",
    "consumer.before_store",
    "consumer.after_store",
    "consumer.after_commit",
    "consumer.while_parking",
    "courier.claimed",
    "courier.acted",
    "process.while_stopping",
)
"""Every named place where a process may die: those of requests, and those of work."""
RARE = {"consumer.while_parking", "process.while_stopping"}
"""Visited only when somebody sends what cannot be read, or tells the process to stop."""
STOP_SECONDS = 30.0
HANG_SECONDS = 30.0
HUNG = f"all brokers hung for {HANG_SECONDS:.0f} s"
WITHIN = {
    "readers read on after brokers were back": 30.0,
    "all was published after brokers were back": 60.0,
    "writes went on after a crash of the database": 30.0,
    "writes went on after a promotion": 30.0,
}
"""Seconds. Ten are the aim for a crash; whoever keeps the server adds as many to its start when it falls again soon."""
READERS = ("reader joined", "reader left", "reader died", "reader slept beyond its session")
WAITING = "SELECT FROM outbox WHERE published_at IS NULL"


async def kill(site: Site, kills: int, writes: int = 0) -> None:
    """Die at one named point after another, be born again at once.

    Until so many more have been killed, at every point at least once ever, and so many more writes acknowledged.
    """
    rig, enough = site.rig, asyncio.Event()
    api_points, worker_points = _deck(rig.draw, API_POINTS), _deck(rig.draw, WORKER_POINTS)
    killed, written = killings(rig) + kills, rig.succeeded + writes
    visits = 4 * max(2, writes // max(kills, 1))

    async def over() -> None:
        def short() -> bool:
            everywhere = {*API_POINTS, *WORKER_POINTS} <= rig.harm.keys()
            return killings(rig) < killed or rig.succeeded < written or not everywhere

        while short():  # noqa: ASYNC110 - many count on
            await asyncio.sleep(0.05)
        enough.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(over())
        for api in rig.apis:
            group.create_task(_die_again(site, api, api_points, lambda: rig.draw.randint(1, visits), enough))
        for worker in rig.workers:
            group.create_task(_die_again(site, worker, worker_points, lambda: rig.draw.randint(1, 3), enough))


def killings(rig: Rig) -> int:
    """How many have been killed at named points so far."""
    return sum(rig.harm[point] for point in (*API_POINTS, *WORKER_POINTS))


def _deck(draw: random.Random, points: tuple[str, ...]) -> Callable[[], str]:
    """Draw from all before any comes again."""
    left: list[str] = []

    def card() -> str:
        left[:] = left or draw.sample(points, len(points))
        return left.pop()

    return card


async def _die_again(
    site: Site, member: Member, card: Callable[[], str], visit: Callable[[], int], enough: asyncio.Event
) -> None:
    """Die at one of the first visits of a point, be born, die at the next."""
    await member.kill()
    while not enough.is_set():
        name = card()
        await member.start(LATERAL_CRASH_AT=f"{name}:{1 if name in RARE else visit()}")
        await _dead(site, member, name, enough)
        if member.process is not None and member.process.returncode == -signal.SIGKILL:
            site.rig.harm[name] += 1
    await member.kill()
    await member.start()


async def _dead(site: Site, member: Member, name: str, enough: asyncio.Event) -> None:
    """Wait for its death, and bring about what its place is visited for."""
    assert member.process is not None
    end = asyncio.create_task(member.ended())
    if name == "process.while_stopping":
        member.signal(signal.SIGTERM)
    while not end.done() and not enough.is_set():
        if name == "consumer.while_parking":
            await asyncio.to_thread(_send_broken, site)
        await asyncio.wait((end,), timeout=0.5)
    if not end.done():
        end.cancel()
        await asyncio.wait((end,))
    elif (code := await end) != -signal.SIGKILL:
        assert code == 1, f"{member.role} ended with {code}"  # it reached nobody in time, and is started again
        site.rig.restarted += 1


def _send_broken(site: Site) -> None:
    """A record on every partition that nobody can read."""
    client = Producer({"bootstrap.servers": site.cluster.bootstrap})
    headers, _ = encode(participation(uuid4(), 1), {})
    for partition in range(6):
        client.produce(
            "sessions.participation", b"{", str(uuid4()).encode(), headers=dict(headers), partition=partition
        )
    assert client.flush(PATIENCE) == 0


async def stop(site: Site, members: int, brokers: Brokers) -> None:
    """Tell so many to stop at once, half of them APIs, while the brokers are up, hang or are stopped.

    Nobody whose request was taken in is let down, and all end in good order. Who is asked to connect elsewhere goes
    elsewhere: a connection made while the last listener closes is nobody's.
    """
    rig = site.rig
    drain = {"LATERAL_DRAIN_SECONDS": "10"}  # longer than any client rests, on a machine with more to do than it can
    guests = [rig.member(role, **drain) for role in ("api", "worker") for _ in range(members // 2)]
    apis, broken = guests[: members // 2], rig.answers[0]
    await asyncio.gather(*(guest.start() for guest in guests))
    rig.apis += apis
    await rig.acknowledged(SOME)
    await asyncio.gather(*(eventually(partial(_has_served, site, api)) for api in apis))
    try:
        async with _brokers(site, brokers):
            began = monotonic()
            codes = await asyncio.gather(*(guest.stop() for guest in guests))
            taken = monotonic() - began
    finally:
        rig.apis = [api for api in rig.apis if api not in apis]
    rig.harm[f"told to stop, brokers {brokers}"] += len(guests)
    rig.took[f"all told to stop had ended, brokers {brokers}"].append(taken)
    assert set(codes) == {0}, (codes, rig.logged())
    assert taken <= STOP_SECONDS, f"{taken:.0f} s until all had ended"
    assert rig.answers[0] == broken, f"a request was let down: {rig.broken[-5:]}"
    assert all(api.port in rig.leaving for api in apis), "somebody was told to stop before it had served"


@asynccontextmanager
async def _brokers(site: Site, state: Brokers) -> AsyncIterator[None]:
    """All brokers are as said for the length of the block, and up after it."""
    match state:
        case "up":
            yield
        case "hanging":
            _signal_brokers(site, signal.SIGSTOP)
            try:
                yield
            finally:
                _signal_brokers(site, signal.SIGCONT)
        case "stopped":
            await site.cluster.stop()
            try:
                yield
            finally:
                await site.cluster.start()


def _has_served(site: Site, api: Member) -> bool:
    return site.rig.served[api.port] > 0


def _signal_brokers(site: Site, number: signal.Signals) -> None:
    for node in site.cluster.nodes:
        os.kill(node.child.pid, number)


async def come_and_go(site: Site, readers: int) -> None:
    """So many more readers at once, each of whom leaves in order, dies, or sleeps beyond its session and dies."""
    async with asyncio.TaskGroup() as group:
        for _ in range(readers):
            group.create_task(_comes_and_goes(site))


async def _comes_and_goes(site: Site) -> None:
    rig, member = site.rig, site.rig.member("worker")
    await member.start()
    rig.harm["reader joined"] += 1
    await rig.acknowledged(rig.draw.randint(1, SOME))
    match rig.draw.choice(("left", "died", "slept")):
        case "left":
            assert await member.stop() == 0
            rig.harm["reader left"] += 1
        case "died":
            await member.kill()
            rig.harm["reader died"] += 1
        case _:
            member.signal(signal.SIGSTOP)
            await asyncio.sleep(8)  # its session lasts six seconds
            member.signal(signal.SIGCONT)
            await rig.acknowledged(SOME)
            rig.harm["reader slept beyond its session"] += 1
            await member.kill()


async def lose_brokers(site: Site, *, politely: bool, seconds: float = 0) -> None:
    """All brokers stop, or die, and come back after so long: every write is accepted meanwhile."""
    before = dict(site.rig.answers)
    if politely:
        await site.cluster.stop()
    else:
        _signal_brokers(site, signal.SIGKILL)  # their keepers start them again
    await asyncio.sleep(seconds)
    await site.rig.acknowledged(SOME)
    await _all_are_ready(site)
    await (site.cluster.start() if politely else eventually(partial(_answer, site)))
    site.rig.harm["all brokers stopped" if politely else "all brokers killed"] += 1
    await _brokers_are_back(site, before)


async def _all_are_ready(site: Site) -> None:
    """APIs that can accept are not taken out because nobody can be told yet."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        for api in site.rig.apis:
            assert (await http.get(f"http://127.0.0.1:{api.port}/readyz")).status_code == 200


async def _answer(site: Site) -> bool:
    return all([await answers(node.bootstrap) for node in site.cluster.nodes])


async def hang_brokers(site: Site) -> None:
    """All brokers hang for half a minute: every write is accepted meanwhile."""
    before = dict(site.rig.answers)
    _signal_brokers(site, signal.SIGSTOP)
    try:
        await asyncio.sleep(HANG_SECONDS)
        await site.rig.acknowledged(SOME)
        await _all_are_ready(site)
    finally:
        _signal_brokers(site, signal.SIGCONT)
    site.rig.harm[HUNG] += 1
    await _brokers_are_back(site, before)


async def _brokers_are_back(site: Site, before: dict[int, int]) -> None:
    """How long from now until readers read on, and until all that waits has been published."""
    rig, began = site.rig, monotonic()
    answered = {status: count - before.get(status, 0) for status, count in rig.answers.items()}
    answered = {status: count for status, count in answered.items() if count}
    # Three brokers that start together can take a small machine whole: some are told to come again, and most are not.
    assert answered.keys() <= {201, 503}, answered
    assert answered.get(503, 0) <= answered[201] // 2, answered
    conn = await asyncpg.connect(site.direct)
    keeper = asyncio.create_task(rig.keep_workers())
    try:
        effects = await conn.fetchval("SELECT count(*) FROM effects")
        newest = await conn.fetchval("SELECT max(id) FROM outbox")
        for what, query in (
            ("readers read on after brokers were back", f"SELECT count(*) > {effects} FROM effects"),
            (
                "all was published after brokers were back",
                f"SELECT NOT EXISTS ({WAITING} AND id <= {newest})",
            ),
        ):
            await eventually(partial(conn.fetchval, query))
            _took(rig, what, began)
    finally:
        keeper.cancel()
        await conn.close()


def _took(rig: Rig, what: str, began: float) -> None:
    seconds = monotonic() - began
    rig.took[what].append(seconds)
    assert seconds <= WITHIN[what], f"{what}: {seconds:.0f} s"


async def crash_database(site: Site) -> None:
    """Immediate shutdown, no checkpoint; its keeper starts it, and it recovers by itself."""
    began = monotonic()
    os.kill(site.postgres.child.pid, signal.SIGQUIT)
    await site.rig.acknowledged(2 * CLIENTS)  # more than were under way
    site.rig.harm["database crashed"] += 1
    _took(site.rig, "writes went on after a crash of the database", began)


async def promote(site: Site) -> None:
    """The database is lost, and its synchronous standby promoted: what was acknowledged is there."""
    primary = site.postgres
    number = site.rig.harm["standby promoted"]
    standby = Postgres(site.state / f"standby-{number}", free_port(), options=STREAMING)
    await standby.follow(primary)
    await standby.start()
    await _execute(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    await site.rig.acknowledged(SOME)
    began = monotonic()
    os.kill(primary.child.pid, signal.SIGQUIT)
    await primary.stop()
    site.postgres, site.proxy.target = standby, standby.port
    site.proxy.reset()
    await _execute(standby, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_promote()")
    await site.rig.acknowledged(2 * CLIENTS)
    site.rig.harm["standby promoted"] += 1
    _took(site.rig, "writes went on after a promotion", began)
    primary.remove()


async def _execute(server: Postgres, *statements: str) -> None:
    conn = await asyncpg.connect(server.dsn())
    for statement in statements:
        await conn.execute(statement)
    await conn.close()
