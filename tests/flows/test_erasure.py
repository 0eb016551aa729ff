"""Erasure: every service answers with a receipt, and nothing of the person is found afterwards."""

from typing import Any

import pytest

from deploy.local.story.client import eventually
from tests.flows.conftest import ADMIN, OWNER, Company, employee

pytestmark = pytest.mark.real_broker
SERVICES = {"directory", "matching", "sessions", "metrics"}


async def test_an_erased_person_is_found_nowhere_and_stays_away(company: Company, buddies: str) -> None:
    """Row 30."""
    worker = company.newcomer()
    company.publish(worker)
    person = await company.person(worker.employee_number)
    match = await company.match_of(person, "proposed", programme_id=buddies)
    buddy = next(member["person_id"] for member in match["members"] if member["role"] == "buddy")
    await company.services.do(employee(buddy), "matching", "POST", f"/v1/matches/{match['match_id']}/accept")
    await company.group_of(match["match_id"], buddies, "active")

    asked = await company.services.do(ADMIN, "directory", "POST", f"/v1/people/{person}/erasure")
    assert asked.status_code == 202
    request = asked.json()["request_id"]

    async def answered() -> dict[str, Any] | None:
        erasure = await company.services.get(ADMIN, "directory", f"/v1/erasures/{request}")
        return dict(erasure) if not erasure["waiting_for"] else None

    erasure = await eventually("four receipts", answered)
    assert {receipt["service"] for receipt in erasure["receipts"]} == SERVICES
    rows = {receipt["service"]: receipt["rows"] for receipt in erasure["receipts"]}
    assert rows["sessions"] > 0
    assert rows["matching"] > 0

    company.change(worker, job_title="Back again")
    after = company.newcomer()
    company.publish(after)
    await company.person(after.employee_number)
    await assert_nothing_is_left(company, person, worker.employee_number)


async def assert_nothing_is_left(company: Company, person: str, number: str) -> None:
    services = company.services
    assert await company.find(number) is None
    gone = await services.send(ADMIN, "directory", "GET", f"/v1/people/{person}", refusals={404})
    assert gone.status_code == 404
    open_matches = [
        match
        for match in await services.all(OWNER, "matching", "/v1/matches")
        if person in {member["person_id"] for member in match["members"]}
    ]
    assert open_matches == []
    assert await services.all(OWNER, "sessions", "/v1/groups", person_id=person) == []
    assert await services.all(OWNER, "sessions", "/v1/sessions", person_id=person) == []
