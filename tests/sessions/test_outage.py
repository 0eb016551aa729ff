"""Timers of a real worker that is killed and comes back: each fires once, and an outage ends without a flood."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import free_port
from deploy.local.story.client import eventually
from services.sessions.settings import SessionsSettings
from services.sessions.timers import TIMERS
from shared import kafka
from tests.sessions.conftest import World
from tests.sessions.events import circle, contact
from tests.sessions.gathering import found, workday
from tests.sessions.mailbox import Mailbox, serving_mailbox

pytestmark = pytest.mark.real_broker
OFFSET = 12 - datetime.now(UTC).hour
AT_WORK: dict[str, Any] = {
    "time_zone": f"Etc/GMT{-OFFSET:+d}", "work_starts": 660, "work_ends": 1200, "work_days": (1, 2, 3, 4, 5, 6, 7),
}  # fmt: skip
"""People for whom it is noon, whenever this runs: nothing has to wait for their morning."""


class Killable:
    """The worker of the sessions service as a process."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process, self._port = process, port

    async def killed(self) -> None:
        """Until it has died of SIGKILL."""
        assert await asyncio.wait_for(self._process.wait(), 60) == -signal.SIGKILL

    async def kill(self) -> None:
        self._process.kill()
        await self.killed()

    async def has_run_everything(self) -> None:
        """Until each timer has run in this process, and the courier has seen that nothing more is due."""
        async with httpx.AsyncClient(trust_env=False) as client:

            async def done() -> bool | None:
                assert self._process.returncode is None
                try:
                    text = (await client.get(f"http://127.0.0.1:{self._port}/metrics")).text
                except httpx.TransportError:
                    return None
                samples = (one for family in text_string_to_metric_families(text) for one in family.samples)
                ran = {s.labels["timer"] for s in samples if s.name == "lateral_timer_runs_total" and s.value
                       and s.labels["outcome"] == "done"}  # fmt: skip
                return ran >= {timer.name for timer in TIMERS} or None

            await eventually("a run of every timer", done, 60)


@asynccontextmanager
async def worker(world: World, bootstrap: str, box: Mailbox, crash_at: str = "") -> AsyncIterator[Killable]:
    base: SessionsSettings = world.client._transport.app.state.settings  # type: ignore[attr-defined]
    prefix, port = f"o{base.database_url.rsplit('_', 1)[-1]}-", free_port()
    env = os.environ | {
        "LATERAL_SESSIONS_DATABASE_URL": base.database_url, "LATERAL_SESSIONS_SMTP_URL": box.url,
        "LATERAL_SESSIONS_WORKER_PORT": str(port), "LATERAL_KAFKA_BOOTSTRAP": bootstrap,
        "LATERAL_TOPIC_PREFIX": prefix, "LATERAL_LOG_LEVEL": "ERROR", "LATERAL_CRASH_AT": crash_at,
    }  # fmt: skip
    await kafka.apply_topics(base.model_copy(update={"kafka_bootstrap": bootstrap, "topic_prefix": prefix}))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.sessions", "worker", env=env)
    try:
        yield Killable(process, port)
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 60)


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with serving_mailbox() as served:
        yield served


async def circles(world: World, people: list[UUID], *hours: int, state: str, **shape: Any) -> None:
    """A circle of these people with one session so many hours from now for each, all in calendars already."""
    for ahead in hours:
        programme = await world.programme(cadence_days=56, group_size_min=4, **shape)
        await world.hear(circle(programme, people, None))
        await world.execute(
            "UPDATE sessions SET starts_at = now() + make_interval(hours => $1), invited_version = version,"
            " ends_at = now() + make_interval(hours => $1 + 1) WHERE programme_id = $2",
            ahead, programme,
        )  # fmt: skip
        await world.execute(
            "UPDATE participants SET state = $1 WHERE session_id IN"
            " (SELECT session_id FROM sessions WHERE programme_id = $2)",
            state, programme,
        )  # fmt: skip


async def reachable(world: World, count: int) -> list[UUID]:
    people = await world.people(count, **AT_WORK)
    for number, one in enumerate(people):
        await world.hear(contact(one, email=f"p{number}@example.org"))
    return people


async def settled(world: World) -> None:
    """Until no message is due."""

    async def none() -> bool | None:
        rows = await world.fetch(
            "SELECT FROM messages WHERE state = 'queued' AND due_at <= now() AND expires_at > now()"
        )
        return not rows or None

    await eventually("everything told", none, 60)


async def test_after_days_of_outage_each_timer_fires_once_and_nobody_is_flooded(
    world: World, bootstrap: str, box: Mailbox
) -> None:
    people = await reachable(world, 4)
    for one in people:
        wanted = {"channel": "mail", "digest": "daily"}
        assert (await world.call("PUT", "/v1/preferences", wanted, who=one)).status_code == 200
    await circles(world, people, -60, -36, -12, state="registered")  # nobody was reminded of these while it was down
    await circles(world, people, 20, state="registered")
    await circles(world, people, 50, 54, 58, state="invited")  # three to be asked about, and two a week at most
    (host,) = await world.people(1)
    hours = await found(world, host, await world.programme(format="office_hours"))
    slots = {"starts_at": workday(3).isoformat(), "minutes": 20, "count": 3, "release_hours": 24}
    await world.call("POST", f"/v1/groups/{hours['group_id']}/slots", slots, who=host)
    await world.execute("UPDATE sessions SET release_at = now() - interval '2 days' WHERE release_at IS NOT NULL")
    await world.execute(
        "INSERT INTO prompts (person_id, kind, subject_id, programme_id, due_on, expires_on)"
        " SELECT p, 'feedback', gen_random_uuid(), gen_random_uuid(), current_date - n, current_date - n + 14"
        " FROM unnest($1::uuid[]) AS p, generate_series(1, 20) AS n",
        people,
    )
    each = {"reminder": 1, "nudge": 2, "digest": 1, "prompt": 1}
    for _ in range(2):
        async with worker(world, bootstrap, box) as running:
            await running.has_run_everything()
            await settled(world)
            await running.kill()
        rows = await world.fetch("SELECT person_id, kind FROM messages WHERE person_id = ANY ($1::uuid[])", people)
        told = Counter((row["person_id"], row["kind"]) for row in rows)
        assert told == {(one, kind): count for one in people for kind, count in each.items()}
        assert len(await world.told("session.cancelled")) == 3
    mails = Counter(str(mail["To"].addresses[0].addr_spec) for mail in box.mails)
    assert mails == {f"p{number}@example.org": sum(each.values()) for number in range(len(people))}


async def test_a_worker_killed_in_the_act_tells_again_under_the_same_name_and_once_only(
    world: World, bootstrap: str, box: Mailbox
) -> None:
    people = await reachable(world, 4)
    await circles(world, people, 20, state="registered")
    async with worker(world, bootstrap, box, crash_at="courier.acted") as doomed:
        await doomed.killed()
    first = len(box.mails)
    assert 1 <= first <= len(people)
    await world.execute("UPDATE messages SET claimed_at = now() - interval '10 minutes' WHERE claimed_at IS NOT NULL")
    async with worker(world, bootstrap, box) as running:
        await running.has_run_everything()
        await settled(world)
    assert [row["state"] for row in await world.fetch("SELECT state FROM messages")] == ["sent"] * len(people)
    names = Counter(str(mail["Message-ID"]) for mail in box.mails)
    assert (len(names), sum(names.values())) == (len(people), len(people) + first)
    assert max(names.values()) <= 2
