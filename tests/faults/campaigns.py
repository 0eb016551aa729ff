"""`python -m tests.faults.campaigns kills|stops|members`: one kind of harm, as often as one likes.

Processes are forked from one that has imported everything, so that they start in no time; the checker looks after each
round. Ends at the first anomaly with exit code 1. `--record FILE` writes what was done and found as a page.
"""

import asyncio
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Annotated
from uuid import uuid4

import typer
from confluent_kafka import Producer

from shared.envelope import encode
from tests.faults.history import Anomaly
from tests.faults.page import page, tell
from tests.faults.rig import PATIENCE, SOME, Member
from tests.faults.site import Site, whole
from tests.fixtures.delivery import participation
from tests.fixtures.nursery import Nursery

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
app = typer.Typer(no_args_is_help=True, add_completion=False)
Count = Annotated[int, typer.Option(help="How often in all.")]
Record = Annotated[Path | None, typer.Option(help="Where to write the page.")]


class Campaign:
    """A site whose processes the nursery bears, and what was done to it."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site = site
        self.rig = site.rig
        self.draw = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.facts: list[str] = []
        self.began = monotonic()

    def say(self, what: str) -> None:
        """How far it is."""
        typer.echo(f"{monotonic() - self.began:>6.0f} s  {what}")

    def deck(self, points: tuple[str, ...]) -> Callable[[], str]:
        """Draw from all before any comes again."""
        left: list[str] = []

        def card() -> str:
            left[:] = left or self.draw.sample(points, len(points))
            return left.pop()

        return card


@asynccontextmanager
async def campaign(seed: int) -> AsyncIterator[Campaign]:
    """Everything standing, with somebody outside who wants to be told of each operation."""
    with tempfile.TemporaryDirectory() as state:
        outside = Path(state) / "outside"
        outside.touch()
        async with Nursery() as nursery, whole(Path(state), nursery, REGISTER_OUTSIDE=str(outside)) as site:
            yield Campaign(site, seed)


async def killing(seed: int, count: int, writes: int, rounds: int, minutes: float) -> tuple[Campaign, list[Anomaly]]:
    """Two APIs and two workers that die at one named point after another, and are born again at once."""
    async with campaign(seed) as made:
        for number in range(1, rounds + 1):
            await kill_round(made, count * number // rounds, writes * number // rounds)
            anomalies = await made.rig.anomalies()
            made.say(f"{made.done.total()} killed, {made.rig.succeeded} acknowledged, {len(anomalies)} anomalies")
            if anomalies or monotonic() - made.began > minutes * 60:
                return made, anomalies
        return made, []


async def kill_round(made: Campaign, kills: int, writes: int) -> None:
    """Until so many have been killed, at every point at least once, and so many writes acknowledged, in all."""
    rig, enough = made.rig, asyncio.Event()
    api_points, worker_points = made.deck(API_POINTS), made.deck(WORKER_POINTS)
    pace = max(2, writes // max(kills, 1))

    async def over() -> None:
        everywhere = {*API_POINTS, *WORKER_POINTS}

        def short() -> bool:
            return made.done.total() < kills or rig.succeeded < writes or made.done.keys() < everywhere

        while short():  # noqa: ASYNC110 - many count on
            await asyncio.sleep(0.05)
        enough.set()

    async with rig.load(clients=16):
        async with asyncio.TaskGroup() as group:
            group.create_task(over())
            for api in rig.apis:
                group.create_task(_die_again(made, api, api_points, 4 * pace, enough))
            for worker in rig.workers:
                group.create_task(_die_again(made, worker, worker_points, 3, enough))
        await rig.acknowledged(SOME)


async def _die_again(
    made: Campaign, member: Member, card: Callable[[], str], visits: int, enough: asyncio.Event
) -> None:
    """Die at one of the first so many visits of a point, be born, die at the next."""
    await member.kill()
    while not enough.is_set():
        name = card()
        await member.start(LATERAL_CRASH_AT=f"{name}:{1 if name in RARE else made.draw.randint(1, visits)}")
        await _dead(made, member, name, enough)
        if member.process is not None and member.process.returncode == -signal.SIGKILL:
            made.done[name] += 1
    await member.kill()
    await member.start()


async def _dead(made: Campaign, member: Member, name: str, enough: asyncio.Event) -> None:
    """Wait for its death, and bring about what its place is visited for."""
    assert member.process is not None
    end = asyncio.create_task(member.ended())
    if name == "process.while_stopping":
        member.signal(signal.SIGTERM)
    while not end.done() and not enough.is_set():
        if name == "consumer.while_parking":
            await asyncio.to_thread(_send_broken, made.site)
        await asyncio.wait((end,), timeout=0.5)
    if not end.done():
        end.cancel()
        await asyncio.wait((end,))
    elif (code := await end) != -signal.SIGKILL:
        assert code == 1, f"{member.role} ended with {code}"  # it reached nobody in time, and is started again
        made.rig.restarted += 1


def _send_broken(site: Site) -> None:
    """A record on every partition that nobody can read."""
    client = Producer({"bootstrap.servers": site.cluster.bootstrap})
    headers, _ = encode(participation(uuid4(), 1), {})
    topic = f"{site.rig.settings.topic_prefix}sessions.participation"
    for partition in range(6):
        client.produce(topic, b"{", str(uuid4()).encode(), headers=dict(headers), partition=partition)
    assert client.flush(PATIENCE) == 0


async def stopping(seed: int, count: int, members: int) -> tuple[Campaign, list[Anomaly]]:
    """SIGTERM for APIs and workers under load, the brokers in every other round hanging."""
    async with campaign(seed) as made:
        while made.done.total() < count:
            await stop_round(made, members, hang=bool(made.done) and len(made.facts) % 2 == 1)
            anomalies = await made.rig.anomalies()
            made.say(f"{made.done.total()} stopped, {made.rig.succeeded} acknowledged, {len(anomalies)} anomalies")
            if anomalies:
                return made, anomalies
        return made, []


async def stop_round(made: Campaign, members: int, *, hang: bool) -> None:
    """So many, half of them APIs, at once."""
    rig, brokers = made.rig, [node.child.pid for node in made.site.cluster.nodes]
    guests = [rig.member(role, LATERAL_DRAIN_SECONDS="5") for role in ("api", "worker") for _ in range(members // 2)]
    broken = rig.answers[0]
    async with rig.load():
        await asyncio.gather(*(guest.start() for guest in guests))
        rig.apis += (apis := guests[: members // 2])
        await rig.acknowledged(SOME * members // 2)
        _each(brokers, signal.SIGSTOP if hang else signal.SIGCONT)
        try:
            began = monotonic()
            codes = await asyncio.gather(*(guest.stop() for guest in guests))
            taken = monotonic() - began
        finally:
            _each(brokers, signal.SIGCONT)
        rig.apis = [api for api in rig.apis if api not in apis]
        await rig.acknowledged(SOME)
    state = "hanging" if hang else "up"
    made.done[f"brokers {state}"] += len(guests)
    made.facts.append(f"{len(guests)} at once, brokers {state}: all had ended within {taken:.1f} s")
    assert set(codes) == {0}, (codes, rig.logged())
    assert taken <= STOP_SECONDS, f"{taken:.0f} s until all had ended"
    assert rig.answers[0] == broken, "a request that had been taken in was let down"
    assert all(api.port in rig.leaving for api in apis), "somebody was told to stop before it had served"


def _each(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        os.kill(process, number)


async def moving(seed: int, count: int, at_once: int) -> tuple[Campaign, list[Anomaly]]:
    """Readers that join, leave, die or sleep beyond their session, several at a time, beside two that stay."""
    async with campaign(seed) as made:
        while made.done.total() < count:
            async with made.rig.load(), asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(_come_and_go(made))
            anomalies = await made.rig.anomalies()
            made.say(f"{made.done.total()} changes, {made.rig.succeeded} acknowledged, {len(anomalies)} anomalies")
            if anomalies:
                return made, anomalies
        return made, []


async def _come_and_go(made: Campaign) -> None:
    member = made.rig.member("worker")
    await member.start()
    made.done["joined"] += 1
    await made.rig.acknowledged(made.draw.randint(1, SOME))
    match made.draw.choice(("left", "died", "slept")):
        case "left":
            assert await member.stop() == 0
            made.done["left"] += 1
        case "died":
            await member.kill()
            made.done["died"] += 1
        case _:
            member.signal(signal.SIGSTOP)
            await asyncio.sleep(8)  # its session lasts six seconds
            member.signal(signal.SIGCONT)
            await made.rig.acknowledged(SOME)
            made.done["slept beyond its session"] += 1
            await member.kill()


def report(title: str, words: str, made: Campaign, anomalies: list[Anomaly], record: Path | None) -> None:
    """Print the page, write it where it is wanted, and end by what was found."""
    command, seconds = f"python -m tests.faults.campaigns {words}", monotonic() - made.began
    facts = "".join(f"\n{fact}" for fact in made.facts)
    tell(page(title, command, seconds, made.done, made.rig, anomalies) + facts, record)
    sys.exit(bool(anomalies))


@app.command()
def kills(
    seed: int = 1,
    count: Count = 500,
    writes: int = 100_000,
    rounds: int = 10,
    minutes: Annotated[float, typer.Option(help="After how many to begin no other round.")] = 1e6,
    record: Record = None,
) -> None:
    """SIGKILL at every named point."""
    found = asyncio.run(killing(seed, count, writes, rounds, minutes))
    report("Killed at every point", f"kills --seed {seed} --count {count} --writes {writes}", *found, record)


@app.command()
def stops(seed: int = 1, count: Count = 100, members: int = 10, record: Record = None) -> None:
    """SIGTERM under load, half of them while the brokers hang."""
    found = asyncio.run(stopping(seed, count, members))
    report("Told to stop under load", f"stops --seed {seed} --count {count}", *found, record)


@app.command()
def members(seed: int = 1, count: Count = 200, at_once: int = 4, record: Record = None) -> None:
    """Readers join, leave, die and sleep."""
    found = asyncio.run(moving(seed, count, at_once))
    report("Readers come and go", f"members --seed {seed} --count {count}", *found, record)


if __name__ == "__main__":
    app()
