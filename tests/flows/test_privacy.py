"""A copy of one's data from all services; then an erasure that leaves no name in any table, topic, trace or log."""

from importlib import import_module
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from deploy.local.audit_broker import messages_on
from deploy.local.story.client import eventually
from shared.events.topics import DEAD_LETTERS, SERVICES, TOPICS
from shared.privacy import portability, traces
from tests.flows.conftest import ADMIN, Company, employee

pytestmark = pytest.mark.real_broker
FAMILY, MAIL = "Zwqvktcanary", "zwqvktcanary@corp.local"
MAY_NAME = {"hr.workers", "directory.contacts"}
"""Topics that are there to carry names: compacted, with a tombstone after an erasure."""


async def left_of(company: Company, person: str) -> dict[str, Any]:
    """Rows that still name the person, and rows that are still about them, by service."""
    found: dict[str, Any] = {}
    for service in SERVICES:
        catalogue = import_module(f"services.{service}.privacy").CATALOGUE
        conn = await asyncpg.connect(company.stack["databases"][service])
        try:
            named = await traces.find(conn, catalogue, [FAMILY, MAIL])
            about = [table["table"] for table in await portability.gather(conn, catalogue, UUID(person))]
        finally:
            await conn.close()
        if named or about:
            found[service] = (named, about)
    return found


async def test_a_copy_has_all_and_after_the_erasure_nothing_is_left(company: Company, buddies: str) -> None:
    services = company.services
    worker = company.newcomer(family_name=FAMILY, work_email=MAIL)
    company.publish(worker)
    person = await company.person(worker.employee_number)
    match = await company.match_of(person, "proposed", programme_id=buddies)
    buddy = next(member["person_id"] for member in match["members"] if member["role"] == "buddy")
    await services.do(employee(buddy), "matching", "POST", f"/v1/matches/{match['match_id']}/accept")
    await company.group_of(match["match_id"], buddies, "active")

    asked = await services.do(employee(person), "directory", "POST", f"/v1/people/{person}/exports")
    url = f"/v1/exports/{asked.json()['request_id']}"

    async def answered() -> bool | None:
        return not (await services.get(employee(person), "directory", url))["waiting_for"] or None

    await eventually("four answers", answered)
    file = await services.get(employee(person), "directory", f"{url}/file")
    assert set(file["data"]) == set(SERVICES)
    assert FAMILY in str(file["data"]["directory"])
    assert MAIL in str(file["data"]["sessions"])
    held = {table["table"] for service in SERVICES for table in file["data"][service]}
    assert {"people", "match_members", "participants", "group_members", "membership"} <= held
    assert set(await left_of(company, person)) == set(SERVICES)

    erasure = await services.do(ADMIN, "directory", "POST", f"/v1/people/{person}/erasure")
    request = erasure.json()["request_id"]

    async def forgotten() -> bool | None:
        return not (await services.get(ADMIN, "directory", f"/v1/erasures/{request}"))["waiting_for"] or None

    await eventually("four receipts", forgotten)
    assert await left_of(company, person) == {}
    gone = await services.send(employee(person), "directory", "GET", f"{url}/file", refusals={404})
    assert gone.status_code == 404

    for topic in (*TOPICS, *DEAD_LETTERS.values()):
        if topic.name not in MAY_NAME:
            values = [message.value() or b"" for message in messages_on(company.stack["kafka_bootstrap"], topic)]
            assert not [value for value in values if FAMILY.encode() in value or MAIL.encode() in value], topic.name
    for log in (company.state / "logs").glob("*.log"):
        assert FAMILY not in log.read_text("utf-8", errors="replace"), log.name
    async with httpx.AsyncClient(base_url=company.stack["traces"], trust_env=False) as client:
        for trace in (await client.get("/api/traces")).json():
            assert FAMILY not in (await client.get(f"/api/traces/{trace['trace_id']}")).text
