"""An identity system disables somebody: at once and everywhere, in Entra's words and in Okta's."""

import json
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.story.client import Caller, eventually
from tests.flows.conftest import OWNER, Company, employee
from tests.flows.test_changes import upcoming

pytestmark = pytest.mark.real_broker
IDENTITY = Caller("hr-system")
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ENTRA = {"op": "Replace", "path": "active", "value": "False"}
OKTA = {"op": "replace", "value": {"active": False}}


async def disable(company: Company, person: str, operation: dict[str, Any]) -> None:
    body = {"schemas": [PATCH], "Operations": [operation]}
    answer = await company.services.do(IDENTITY, "directory", "PATCH", f"/scim/v2/Users/{person}", body)
    assert answer.is_success
    shown = await company.services.get(OWNER, "directory", f"/v1/people/{person}")
    assert shown["status"] == "left"


async def test_a_pair_ends_with_its_sessions_and_nobody_is_proposed_to_who_is_disabled(
    company: Company, buddies: str
) -> None:
    newcomer = company.newcomer()
    company.publish(newcomer)
    person = await company.person(newcomer.employee_number)
    match = await company.match_of(person, "proposed", programme_id=buddies)
    buddy = next(member["person_id"] for member in match["members"] if member["role"] == "buddy")
    await company.services.do(employee(buddy), "matching", "POST", f"/v1/matches/{match['match_id']}/accept")
    group = await company.group_of(match["match_id"], buddies, "active")
    await disable(company, person, ENTRA)
    assert (await company.match_of(person, "ended"))["match_id"] == match["match_id"]
    await company.group_of(match["match_id"], buddies, "ended")

    async def cancelled() -> bool | None:
        return {session["state"] for session in await upcoming(company, group["group_id"])} == {"cancelled"} or None

    await eventually("the upcoming sessions cancelled", cancelled)
    refused = await company.services.do(
        employee(person), "matching", "POST", f"/v1/matches/{match['match_id']}/accept", refusals={403, 404, 409}
    )
    assert refused.status_code in {403, 404, 409}


async def test_a_proposal_is_withdrawn_and_the_newcomer_gets_another_buddy(company: Company, buddies: str) -> None:
    newcomer = company.newcomer()
    company.publish(newcomer)
    person = await company.person(newcomer.employee_number)
    match = await company.match_of(person, "proposed", programme_id=buddies)
    buddy = next(member["person_id"] for member in match["members"] if member["role"] == "buddy")
    await disable(company, buddy, OKTA)

    async def another() -> dict[str, Any] | None:
        found = await company.services.all(OWNER, "matching", "/v1/matches", person_id=person, programme_id=buddies)
        return next(
            (each for each in found if each["state"] == "proposed" and each["match_id"] != match["match_id"]), None
        )

    found = await eventually("another buddy", another)
    assert buddy not in {member["person_id"] for member in found["members"]}


async def let_facilitators_lead_more(company: Company, programme: str) -> None:
    """Whatever other programmes of this company have asked of them already."""
    path = f"/v1/programmes/{programme}/rules"

    async def changed() -> bool | None:
        rules = await company.services.send(OWNER, "matching", "GET", path, refusals={404})
        if not rules.is_success:
            return None
        headers = {"If-Match": rules.headers["ETag"], "Content-Type": "application/json"}
        body = json.dumps({"facilitator_circles": 20}).encode()
        return (await company.services.send(OWNER, "matching", "PATCH", path, content=body, headers=headers)).is_success

    await eventually(f"rules of {programme}", changed)


async def test_a_facilitator_is_replaced_in_the_sessions_to_come(company: Company) -> None:
    ends_on = str(company.today + timedelta(days=56))  # where the session of today is over, one has to follow
    programme = await company.programme(
        format="mentoring_circle",
        group_size_min=4,
        group_size_max=6,
        session_minutes=15,
        cadence_days=28,
        ends_on=ends_on,
    )
    await let_facilitators_lead_more(company, programme)
    round_ = await company.round(programme)
    circles = await company.services.all(OWNER, "matching", "/v1/matches", round_id=round_["round_id"])
    circle = next(circle for circle in circles if circle["facilitator_id"])
    group = await company.group_of(circle["match_id"], programme, "active")
    await disable(company, circle["facilitator_id"], OKTA)

    async def replaced() -> bool | None:
        coming = await upcoming(company, group["group_id"])
        now = await company.services.get(OWNER, "matching", f"/v1/matches/{circle['match_id']}")
        gone = circle["facilitator_id"]
        return (gone != now["facilitator_id"] and gone not in {each["facilitator_id"] for each in coming}) or None

    await eventually("another facilitator, or none", replaced)
