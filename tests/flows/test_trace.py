"""One HR event and one HTTP call are one connected trace each, through every service and database they touch."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.sample.publish import publish_worker
from deploy.local.story.client import eventually
from tests.flows.conftest import OWNER, Company, employee

pytestmark = pytest.mark.real_broker
Span = dict[str, Any]
TRIES = 5


async def trace(company: Company, trace_id: str, until: Iterable[tuple[str, str]]) -> list[Span]:
    """The trace's spans, as the OTLP receiver got them, once it has these (service, name) pairs."""
    wanted = set(until)

    async def look() -> list[Span] | None:
        async with httpx.AsyncClient(base_url=company.stack["traces"], trust_env=False) as page:
            answer = await page.get(f"/api/traces/{trace_id}")
        spans: list[Span] = answer.json()["spans"] if answer.is_success else []
        return spans if {(span["service"], span["name"]) for span in spans} >= wanted else None

    return await eventually(f"{wanted} in trace {trace_id}", look)


def children(spans: list[Span], *, of: str, service: str, name: str) -> list[Span]:
    """The spans of that service and name right under a span; there must be one."""
    found = [span for span in spans if span["parent_id"] == of and (span["service"], span["name"]) == (service, name)]
    assert found, f"nothing called {name} of {service} under {of}"
    return found


def under(spans: list[Span], span: Span) -> list[Span]:
    """All that a span caused."""
    found = [child for child in spans if child["parent_id"] == span["span_id"]]
    return [*found, *(deeper for child in found for deeper in under(spans, child))]


def assert_connected(spans: list[Span], outside: str | None) -> None:
    """Every span but the first hangs on another one of the same trace."""
    ids = {span["span_id"] for span in spans}
    loose = [span for span in spans if span["parent_id"] not in ids]
    assert {span["parent_id"] for span in loose} <= {outside or ""}, [(span["service"], span["name"]) for span in loose]


def asks_the_database(spans: list[Span], span: Span) -> bool:
    return any(child["kind"] == "client" and "INSERT" in str(child).upper() for child in under(spans, span))


async def hire(company: Company) -> bool:
    """Follow one hire; False when a reader took it together with other traces' events, whose work is then shared."""
    delivery = publish_worker(company.stack["kafka_bootstrap"], company.newcomer())
    readers = ("matching", "sessions", "metrics")
    spans = await trace(
        company,
        delivery.trace_id,
        {("directory", "process hr.workers"), ("sessions", "process directory.contacts")}
        | {("directory", f"{verb} directory.people") for verb in ("create", "send")}
        | {(reader, "process directory.people") for reader in readers},
    )
    root = next(span for span in spans if span["name"] == "process hr.workers")
    assert_connected(spans, outside=root["parent_id"])
    created = children(spans, of=root["span_id"], service="directory", name="create directory.people")[0]
    children(spans, of=created["span_id"], service="directory", name="send directory.people")
    reads = [
        children(spans, of=created["span_id"], service=reader, name="process directory.people")[0] for reader in readers
    ]
    return all(asks_the_database(spans, span) for span in (root, *reads))


async def test_an_hr_event_is_one_trace_from_the_hr_system_to_the_last_database(company: Company) -> None:
    for _ in range(TRIES):
        if await hire(company):
            return
    pytest.fail("no hire was ever alone in its batches")


async def test_an_http_call_is_one_trace_through_outbox_kafka_consumers_and_databases(
    company: Company, buddies: str
) -> None:
    worker = company.newcomer()
    company.publish(worker)
    newcomer = await company.person(worker.employee_number)
    match = await company.match_of(newcomer, "proposed", programme_id=buddies)
    buddy = next(member["person_id"] for member in match["members"] if member["role"] == "buddy")
    trace_id, caller = uuid4().hex, uuid4().hex[:16]
    await company.services.send(
        employee(buddy),
        "matching",
        "POST",
        f"/v1/matches/{match['match_id']}/accept",
        headers={"traceparent": f"00-{trace_id}-{caller}-01"},
    )
    route = "POST /v1/matches/{match_id}/accept"
    spans = await trace(
        company,
        trace_id,
        {
            ("matching", route),
            ("matching", "create matching.matches"),
            ("sessions", "process matching.matches"),
            ("metrics", "process matching.matches"),
            ("sessions", "create sessions.sessions"),
            ("metrics", "process sessions.sessions"),
        },
    )
    assert_connected(spans, outside=caller)
    root = children(spans, of=caller, service="matching", name=route)[0]
    accepted = children(spans, of=root["span_id"], service="matching", name="create matching.matches")[0]
    children(spans, of=accepted["span_id"], service="metrics", name="process matching.matches")
    arranged = children(spans, of=accepted["span_id"], service="sessions", name="process matching.matches")[0]
    scheduled = children(spans, of=arranged["span_id"], service="sessions", name="create sessions.sessions")[0]
    counted = children(spans, of=scheduled["span_id"], service="metrics", name="process sessions.sessions")[0]
    assert asks_the_database(spans, root)
    assert {span["parent_id"] for span in (arranged, scheduled, counted)} <= {span["span_id"] for span in spans}


async def test_no_person_and_no_secret_is_in_any_span(company: Company) -> None:
    worker = company.newcomer()
    delivery = publish_worker(company.stack["kafka_bootstrap"], worker)
    person = await company.person(worker.employee_number)
    await company.services.get(OWNER, "matching", "/v1/matches", person_id=person)
    spans = await trace(company, delivery.trace_id, {("metrics", "process directory.people")})
    async with httpx.AsyncClient(base_url=company.stack["traces"], trust_env=False) as page:
        recent = (await page.get("/api/traces")).json()
        told = str(spans) + str([(await page.get(f"/api/traces/{each['trace_id']}")).text for each in recent[:40]])
    for canary in (person, worker.display_name, worker.work_email, worker.employee_number, "eyJ"):
        assert canary not in told
