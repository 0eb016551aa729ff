"""Fifty canaries through every operation: they stand where they belong and nowhere that many can read."""

import importlib
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest

from shared import tracing
from shared.auth import ROLES
from shared.db import Connection, connect
from shared.envelope import Envelope
from shared.events.base import Event
from shared.events.directory import PersonChanged
from shared.events.hr import WorkerUpserted
from shared.events.topics import SERVICES
from shared.runner import Service
from shared.settings import Settings
from shared.telemetry import JsonFormatter
from tests.conftest import NewDatabase
from tests.contracts.test_policy import serving
from tests.fixtures.canaries import CANARIES, found_in, requests
from tests.fixtures.examples import example
from tests.fixtures.issuer import serving_issuer

CLIENT = ("httpx", "httpcore")
"""Loggers of the client, which knows what it sends."""
IN_EVENTS = {
    "org.lateral.directory.skill.changed.v1": {"skill_id", "label", "broader"},
    "org.lateral.sessions.programme.changed.v1": {"name", "objective"},
    "org.lateral.directory.contact.changed.v1": {"display_name", "email"},
}
"""Members of events that carry what somebody wrote: about the organization, or on the topic that is there for names."""
MADE = {"directory": 50, "matching": 12, "sessions": 90, "metrics": 20}
"""Fewer requests that did something, and it would be seen only what a refusal says."""


@pytest.mark.parametrize("name", SERVICES)
async def test_fifty_canaries_through_every_operation_are_found_nowhere_many_can_read(
    name: str, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figure 10: answers that are no success, logs, spans, metrics, keys and headers of events, dead letters, audit."""
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(tracing, "tracer", lambda: provider.get_tracer("lateral"))
    service: Service = importlib.import_module(f"services.{name}.__main__").SERVICE
    sent: set[str] = set()
    leaks: list[str] = []
    known: dict[str, str] = {}
    succeeded = 0
    async with serving_issuer() as issuer:
        settings = service.load(database_url=await new_database(name), issuer=issuer.url)
        known["person_id"] = await somebody(service, settings)
        bearer = issuer.bearer(*ROLES, person_id=known["person_id"])
        app = service.app(settings)
        with logged() as log:
            async with serving(app) as api:
                for said in requests(app.openapi(), known):
                    sent.update(found_in(str(said)))
                    for token in (bearer, {"Authorization": f"Bearer {CANARIES[0]}"}):
                        headers = said.headers | token | {"Content-Type": said.media_type}
                        answer = await api.request(
                            said.method, said.path, params=said.query, headers=headers, content=said.content
                        )
                        assert answer.status_code < 500, (said, answer.text)
                        succeeded += answer.is_success
                        known.update(ids(answer))
                        if not answer.is_success and found_in(answer.text):
                            leaks.append(f"{answer.status_code} to {said.method} {said.path}: {answer.text[:300]}")
        conn = await connect(settings)
        leaks += await in_database(conn)
        await conn.close()
    leaks += [f"log: {line}" for line in log.getvalue().splitlines() if found_in(line)]
    leaks += [f"span: {span.to_json()}" for span in spans.get_finished_spans() if found_in(span.to_json())]
    leaks += ["metrics"] if found_in(generate_latest().decode()) else []
    assert leaks == [], "\n".join(each[:600] for each in leaks)
    assert spans.get_finished_spans()
    assert succeeded > MADE[name]
    assert len(sent) == len(CANARIES)


async def somebody(service: Service, settings: Settings) -> str:
    """A person with skills, told by HR or by the directory as their examples are, and named by canaries."""
    told: Event
    if WorkerUpserted in service.handlers:
        names = dict.fromkeys(("given_name", "family_name", "display_name"), CANARIES[1])
        told = example(WorkerUpserted, **names, work_email=f"{CANARIES[2]}@corp.local")
    else:
        told = example(PersonChanged)
    key, topic = str(getattr(told, told.key_field)), told.topic.name
    envelope = Envelope("1", "urn:hr", told.event_type, key, datetime.now(UTC), told, topic, key, 0, 1)
    conn = await connect(settings)
    async with conn.transaction():
        await service.handlers[type(told)](conn, [envelope])
    found = key if isinstance(told, PersonChanged) else str(await conn.fetchval("SELECT person_id FROM people"))
    await conn.close()
    return found


def ids(answer: httpx.Response) -> dict[str, str]:
    """Of what there is now."""
    if not answer.is_success or "json" not in answer.headers.get("content-type", ""):
        return {}
    told = orjson.loads(answer.content)
    return {name: said for name, said in told.items() if name.endswith("_id") and said} if type(told) is dict else {}


async def in_database(conn: Connection) -> list[str]:
    """What delivery and the audit trail hold that they must not."""
    found = []
    for table in ("audit", "dead_letters", "parked_keys", "consumer_stops", "produced"):
        rows = await conn.fetch(f"SELECT t::text AS row FROM {table} AS t")
        found += [f"{table}: {row['row']}" for row in rows if found_in(row["row"])]
    for row in await conn.fetch("SELECT topic, key, header_names, header_values, value FROM outbox"):
        headers = {name: value.decode() for name, value in zip(row["header_names"], row["header_values"], strict=True)}
        organization = IN_EVENTS.get(headers["ce_type"], set())
        if not organization and found_in(f"{row['key']} {headers}"):
            found.append(f"{row['topic']}: {row['key']} {headers}")
        said = set(members(orjson.loads(row["value"]))) if row["value"] else set()
        if strange := said - organization:
            found.append(f"{headers['ce_type']}: {sorted(strange)}")
    return found


def members(value: Any, path: str = "") -> Iterator[str]:
    """Where in an event canaries stand."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from members(each, f"{path}.{key}".strip("."))
    elif isinstance(value, list):
        for each in value:
            yield from members(each, path)
    elif found_in(str(value)):
        yield path


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that is logged from DEBUG on, as it is written in production."""
    text, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    handler.setFormatter(JsonFormatter("canaries", "api"))
    handler.addFilter(lambda record: not record.name.startswith(CLIENT))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
