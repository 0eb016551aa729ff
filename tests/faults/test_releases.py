"""The four services of the previous release beside those of this one: one schema, one broker, one story for both."""

import asyncio
import io
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from itertools import chain, cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from deploy.local.audit_events import audit, audit_at_rest
from deploy.local.demo import Told, tell
from deploy.local.postgres import Postgres
from deploy.local.processes import silent
from deploy.local.stack import SERVICES, Stack
from deploy.local.story.client import Lateral
from shared import outbox
from shared.catch_up import CatchUp
from shared.db import Database
from shared.events.base import Event
from shared.processes import Service
from shared.rebuild import TableHash, differences, rebuild
from shared.settings import Settings
from tests.conftest import NewDatabase
from tests.faults.releases import ROOT, previous_release
from tests.faults.rig import SOME, eventually
from tests.local.conftest import free_ports

PEOPLE = 60
RESTARTED = {
    "Programmes published": "directory",
    "Round of learning pairs": "matching",
    "Ground rules acknowledged": "sessions",
}
"""Whose worker of this release is started again in which step, so that the older one leads in publishing from there."""
APPLIED, PUBLISHED = "lateral_consumer_records_total", "lateral_outbox_published_total"
ASSIGNED = "lateral_consumer_rebalances_total"
LEADS, SKIPPED = "lateral_outbox_relay_leader", "lateral_events_unknown_type_total"
ANSWERED = "http_server_request_duration_seconds_count"
LEFT_OVER = """
SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL) + (SELECT count(*) FROM dead_letters)
    + (SELECT count(*) FROM parked_keys)
"""
READ = "SELECT coalesce(sum(next_offset), 0) FROM consumed_positions WHERE topic = $1"
ALTERED, ADDED = re.compile(r"ALTER TABLE (\w+)([^;]*);"), re.compile(r"ADD COLUMN (\w+)")
ANSWERS = {"200", "201", "202", "204", "304", "404", "409", "503"}
BY_BATCHES = {"compared_membership"}
"""What an older worker wrote depends on its batches: versions of states long past. `compared_spans` tells of all."""
ELSEWHERE = ("GroupCoordinatorNotAvailableError", "Failed to export spans")
"""What a broker that has just started says to the first who ask for their group, and a busy collector of traces."""


class InTurn(Lateral):
    """Asks the services of two stacks in turn: what one release has made, the other is asked for next."""

    def __init__(self, other: Mapping[str, str], stack: Mapping[str, Any]) -> None:
        super().__init__(stack)
        self._turns = {name: cycle((httpx.URL(url), httpx.URL(other[name]))) for name, url in stack["services"].items()}

    async def _until_it_answers(self, request: httpx.Request, service: str) -> httpx.Response:
        if service in self._turns:
            request.url = request.url.copy_with(port=next(self._turns[service]).port)
        return await super()._until_it_answers(request, service)


class Releases:
    """Both at work."""

    def __init__(self, this: Stack, older: Stack) -> None:
        self.this = this
        self.older = older
        self.before: dict[str, dict[str, float]] = {}
        """What workers of this release had counted when they were started again."""
        self._restarts: list[asyncio.Task[None]] = []

    def _on_step(self, title: str) -> None:
        if title in RESTARTED:
            self._restarts.append(asyncio.create_task(self._hand_over(RESTARTED[title])))

    async def _hand_over(self, service: str) -> None:
        """Start this release's worker again until the older one leads in publishing."""
        here, there = self.this.info.workers[service], self.older.info.workers[service]
        await eventually(partial(_counts, here, PUBLISHED))
        self.before[service] = await figures(here)
        while not await _counts(there, LEADS):
            os.kill(pid := self.this.pid(f"{service}-worker"), signal.SIGTERM)
            await eventually(partial(self._one_leads, service, pid))

    async def _one_leads(self, service: str, ended: int) -> bool:
        """Whether the older worker leads, or ours does once more, as another process."""
        if await _counts(self.older.info.workers[service], LEADS):
            return True
        try:
            return self.this.pid(f"{service}-worker") != ended and await _counts(self.this.info.workers[service], LEADS)
        except httpx.TransportError:
            return False

    async def live(self) -> Told:
        """The story, told to both in turn, once both have their share of the partitions."""
        for url in self.older.info.workers.values():
            await eventually(partial(_counts, url, ASSIGNED))
        client = partial(InTurn, self.older.info.services)
        told = await tell(self.this.info.model_dump(), Console(file=io.StringIO()), PEOPLE, self._on_step, client)
        await asyncio.gather(*self._restarts)
        return told

    async def skipped(self, event: type[Event]) -> float:
        """How many events older workers had no use for, of the services that now have one for this type."""
        here = [url for name, url in self.older.info.workers.items() if event in service(name).handlers]
        return sum([(await figures(url)).get(SKIPPED, 0) for url in here])

    def apis(self) -> Iterator[tuple[str, str]]:
        """Every service's name and address, of either release."""
        return chain(self.this.info.services.items(), self.older.info.services.items())

    async def counted(self) -> Iterator[tuple[str, str, dict[str, float]]]:
        """Release, service and what its worker has counted."""
        found = []
        for name in SERVICES:
            now = await figures(self.this.info.workers[name])
            then = self.before.get(name, {})
            found.append(("this", name, {key: now.get(key, 0) + then.get(key, 0) for key in (APPLIED, PUBLISHED)}))
            found.append(("older", name, await figures(self.older.info.workers[name])))
        return iter(found)


@asynccontextmanager
async def both(state: Path, code: Path) -> AsyncIterator[Releases]:
    """This release with its schema, and the older one, API and worker in one process, on its databases and broker."""
    usual = os.environ | {"LATERAL_POSTGRES_FSYNC": "off"}
    own = {"LATERAL_STATE": str(state / "this"), "LATERAL_LOCAL_PROCESSES": "two"}
    async with Stack(silent, environ=usual | free_ports() | own) as this:
        shared = {
            "LATERAL_STATE": str(state / "older"),
            "LATERAL_LOCAL_PROCESSES": "one",
            "LATERAL_INSTANCE": "older",
            "LATERAL_KAFKA_BOOTSTRAP": this.info.kafka_bootstrap,
            "LATERAL_ISSUER": this.info.issuer,
            "LATERAL_OTLP_ENDPOINT": this.info.otlp_endpoint,
            "PYTHONPATH": str(code),
            **{f"LATERAL_{name.upper()}_DATABASE_URL": url for name, url in this.info.databases.items()},
        }
        async with Stack(silent, environ=usual | free_ports() | shared, command=elsewhere) as older:
            yield Releases(this, older)
    Postgres(state / "this", 0).remove()


def elsewhere(service: str, command: str) -> Sequence[str]:
    """A service's command by the code that PYTHONPATH names, and not by that which lies here."""
    module = ("deploy.local.prepare",) if command == "prepare" else (f"services.{service}", command)
    return (sys.executable, "-P", "-m", *module)


async def figures(url: str, label: str = "") -> dict[str, float]:
    """What a process has counted: by name, or by the values of one label."""
    async with httpx.AsyncClient(trust_env=False, timeout=30, verify=False) as client:
        text = (await client.get(f"{url}/metrics")).text
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if not label or sample.name == ANSWERED:
                key = sample.labels[label] if label else sample.name
                found[key] = found.get(key, 0) + sample.value
    return found


async def _counts(url: str, name: str) -> bool:
    return (await figures(url)).get(name, 0) > 0


def errors(state: Path) -> list[str]:
    """What services of both releases have logged as an error."""
    logs = [path for name in SERVICES for path in state.glob(f"*/logs/{name}*.log")]
    assert len(logs) == 3 * len(SERVICES)
    lines = [line for log in logs for line in log.read_text("utf-8").splitlines()]
    return [
        line
        for line in lines
        if not line.startswith("{") or json.loads(line)["level"] not in {"DEBUG", "INFO", "WARNING"}
        if not any(words in line for words in ELSEWHERE)
    ]


def new_types(code: Path) -> list[type[Event]]:
    """Events that this release handles and of which the other code has not even an example."""
    handled = {event for name in SERVICES for event in service(name).handlers if not event.tombstone}
    known = {path.parent.name for path in code.glob("shared/events/examples/*/1.json")}
    return sorted((event for event in handled if event.event_type not in known), key=lambda event: event.event_type)


async def publish(stack: Stack, event: type[Event]) -> None:
    """Its owner tells a few dozen of this type, each of another key, and all who read have read them."""
    example = json.loads((ROOT / f"shared/events/examples/{event.event_type}/1.json").read_text("utf-8"))
    told = [
        event.model_validate({name: str(uuid4()) if name.endswith("_id") else value for name, value in example.items()})
        for _ in range(SOME)
    ]
    db = await Database.connect(settings(event.topic.owner, stack))
    async with db.transaction() as conn:
        await outbox.append_all(conn, [(each, None) for each in told])
    written = await of(stack, event.topic.owner, "SELECT count(*) FROM outbox WHERE topic = $1", event.topic.name)
    await db.close()
    for name in event.topic.readers:
        await eventually(partial(_says, stack, name, READ, written, event.topic.name))


async def _loses(stack: Stack, events: float) -> bool:
    return (await audit(stack.info.model_dump())).lost == events


async def _says(stack: Stack, name: str, query: str, answer: int, *values: str) -> bool:
    return await of(stack, name, query, *values) == answer


async def of(stack: Stack, name: str, query: str, *values: str) -> int:
    """What a service's database says."""
    conn = await asyncpg.connect(stack.info.databases[name])
    found = await conn.fetchval(query, *values)
    await conn.close()
    return int(found)


async def caught_up(name: str, stack: Stack) -> int:
    """How many events a service of this release had missed while the older one read for it."""
    db = await Database.connect(settings(name, stack))
    found = await CatchUp(settings(name, stack), db, service(name).handlers).since(
        datetime.now(UTC) - timedelta(hours=1)
    )
    await db.close()
    return found


async def rebuilt(name: str, stack: Stack, database: str, code: Path) -> Mapping[str, tuple[TableHash, TableHash]]:
    """Which read models differ, as far as both releases have columns, when this one makes them anew from the topics."""
    added = added_columns(name, code)
    read_models = {table: but for table, but in service(name).read_models.items() if table not in BY_BATCHES}
    models = {table: (*but, *added.get(table, ())) for table, but in read_models.items()}
    here = await Database.connect(settings(name, stack))
    made = settings(name, stack, database_url=database)
    there = await Database.connect(made)
    try:
        await rebuild(made, there, service(name).handlers)
        async with here.acquire() as one, there.acquire() as other:
            return await differences(one, other, models)
    finally:
        await here.close()
        await there.close()


def added_columns(name: str, code: Path) -> dict[str, list[str]]:
    """By table, the columns that migrations add of which the other code does not know."""
    found: dict[str, list[str]] = {}
    for file in (ROOT / f"services/{name}/migrations").glob("*.sql"):
        if not (code / file.relative_to(ROOT)).exists():
            for table, changes in ALTERED.findall(file.read_text("utf-8")):
                found.setdefault(table, []).extend(ADDED.findall(changes))
    return found


def service(name: str) -> Service:
    """A service of this release."""
    found: Service = import_module(f"services.{name}.__main__").SERVICE
    return found


def settings(name: str, stack: Stack, **others: str) -> Settings:
    """Its settings on a stack."""
    here = {"database_url": stack.info.databases[name], "kafka_bootstrap": stack.info.kafka_bootstrap}
    return service(name).load(**(here | others))


@pytest.mark.real_broker
@pytest.mark.skipif(os.environ.get("LATERAL_LOCAL_BROKER") != "apache", reason="by `make test-kafka`")
async def test_the_previous_release_works_beside_this_one(tmp_path: Path, new_database: NewDatabase) -> None:
    """Every service of both answers, applies and publishes; nothing is lost, parked or refused by an error.

    Events that only this release writes the older workers skip, and they are caught up with when those have ended. What
    only this release reads the older ones drop, as they may.
    """
    with previous_release() as code:
        async with both(tmp_path, code) as releases:
            this, new = releases.this, new_types(code)
            told = await releases.live()
            assert (told.audit.lost, told.audit.open_letters) == (0, 0)
            for release, name, counted in await releases.counted():
                assert counted.get(APPLIED, 0) > 0, (release, name)
                assert name == "metrics" or counted.get(PUBLISHED, 0) > 0, (release, name)
            for name, url in releases.apis():
                statuses = await figures(url, "status")
                assert statuses.keys() <= ANSWERS, (name, statuses)
                assert sum(statuses.values()) > 1, name
            skipped = 0.0
            for event in new:
                before = await releases.skipped(event)
                await publish(this, event)
                skipped += await releases.skipped(event) - before
            assert skipped or not new
            await eventually(partial(_loses, this, skipped))
            await releases.older.stop()
            assert sum([await caught_up(name, this) for name in SERVICES]) == skipped
            assert [await caught_up(name, this) for name in SERVICES] == [0, 0, 0, 0]
            assert (await audit_at_rest(this.info.model_dump())).lost == 0
            for name in SERVICES:
                await eventually(partial(_says, this, name, LEFT_OVER, 0))
                assert await rebuilt(name, this, await new_database(name), code) == {}, name
        assert errors(tmp_path) == []
