"""A hire told by a foreign producer: a person, a buddy, a session, feedback, and a number that shows it."""

from typing import Any

import pytest

from deploy.local.story.client import eventually
from deploy.local.story.figures import settled
from tests.flows.conftest import ANALYST, Company, employee

pytestmark = pytest.mark.real_broker
NEWCOMERS = 6
DIVISION = "TEC"
SCORES = {"usefulness": 5, "relevance": 4, "engagement": 4}


async def arrive(company: Company) -> str:
    """Hire somebody through Kafka; returns their person id once the directory shows them."""
    worker = company.newcomer(DIVISION)
    company.publish(worker)
    card = await company.person_like(worker.employee_number, status="active", unit_code=worker.unit_code)
    assert card["display_name"] == worker.display_name
    return str(card["person_id"])


async def first_session(company: Company, buddies: str, newcomer: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The newcomer's buddy accepts; returns their group and its first session."""
    match = await company.match_of(newcomer, "proposed", programme_id=buddies)
    assert match["kind"] == "buddy"
    assert {member["role"] for member in match["members"]} == {"newcomer", "buddy"}
    assert match["reasons"]
    buddy = next(member["person_id"] for member in match["members"] if member["role"] == "buddy")
    accepted = await company.services.do(employee(buddy), "matching", "POST", f"/v1/matches/{match['match_id']}/accept")
    assert accepted.json()["state"] == "accepted"
    group = await company.group_of(match["match_id"], buddies, "active")
    return group, (await company.sessions(group["group_id"]))[0]


async def live_through(company: Company, group: dict[str, Any], session: dict[str, Any]) -> None:
    """Everybody accepts the rules, comes, and says what it was worth."""
    members = [member["person_id"] for member in group["members"]]
    for person in members:
        path = f"/v1/groups/{group['group_id']}/acknowledgements"
        body = {"rules_version": group["ground_rules"]["version"]}
        await company.services.do(employee(person), "sessions", "POST", path, body)
    entries = [{"person_id": person, "state": "attended", "minutes": 30, "asked": 2} for person in members]
    path = f"/v1/sessions/{session['session_id']}"
    recorded = await company.services.do(
        employee(members[0]), "sessions", "PUT", f"{path}/attendance", {"entries": entries}
    )
    assert recorded.json()["state"] == "held"
    for place, person in enumerate(members):  # answers that are all the same are never shown as a mean
        answers = SCORES | {"usefulness": SCORES["usefulness"] - place}
        await company.services.do(employee(person), "sessions", "POST", f"{path}/feedback", answers)
    again = await company.services.do(
        employee(members[0]), "sessions", "POST", f"{path}/feedback", SCORES | {"usefulness": 1}, refusals={409, 422}
    )
    assert not again.is_success


async def test_a_hire_becomes_a_buddy_a_session_and_a_measure(company: Company, buddies: str) -> None:
    """F9, P18."""
    newcomers = [await arrive(company) for _ in range(NEWCOMERS)]
    for newcomer in newcomers:
        group, session = await first_session(company, buddies, newcomer)
        await live_through(company, group, session)

    async def measure(name: str) -> dict[str, Any]:
        query = {"by": "programme", "programme_id": buddies}
        table = await company.services.get(ANALYST, "metrics", f"/v1/measures/{name}", **query)
        return dict(table["cells"][0]) if table["cells"] else {"value": None, "n": 0}

    async def all_held() -> bool | None:
        return (await measure("sessions_held"))["value"] == NEWCOMERS or None

    async def all_felt() -> dict[str, Any] | None:
        found = await measure("usefulness")
        return found if found["value"] is not None and found["n"] >= NEWCOMERS else None

    # A figure once shown stands until k more people are in it, so a look halfway would hold the rest back.
    await settled(company.services, company.stack)
    await eventually("sessions in metrics", all_held)
    # Half say 5 and half say 4; which of them are in the batches that have left is nobody's to know.
    assert (
        SCORES["usefulness"] - 1 < (await eventually("feedback in metrics", all_felt))["value"] < SCORES["usefulness"]
    )
