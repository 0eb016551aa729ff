"""From a suggestion to the session in which it comes true, through HTTP and Kafka, in one trace."""

import json
from uuid import uuid4

import pytest

from deploy.local.sample.competence import Claim
from deploy.local.story.client import eventually
from tests.flows.conftest import ADMIN, OWNER, Company, employee
from tests.flows.test_trace import assert_connected, children, trace

pytestmark = pytest.mark.real_broker


async def test_a_suggested_colleague_is_asked_accepts_and_meets_in_a_session(company: Company) -> None:
    """P5, P7."""
    label = {"label": "Mending tape loops"}
    skill = (await company.services.do(ADMIN, "directory", "POST", "/v1/skills", label)).json()["skill_id"]
    learner = company.newcomer("TEC", skills=(Claim(skill, 1, 4),))
    near = {name: getattr(learner, name) for name in ("site_code", "country", "time_zone", "languages")}
    teacher = company.newcomer("TEC", skills=(Claim(skill, 5),), **near)
    for worker in (learner, teacher):
        company.publish(worker)
    one, guide = await company.person(learner.employee_number), await company.person(teacher.employee_number)
    # Seldom, so that it fits beside what newcomers have with their buddies.
    programme = await company.programme(
        format="teach_one_thing", skills=[skill], audience_skills=[skill], cadence_days=28
    )

    async def suggested() -> bool | None:
        found = await company.services.get(employee(one), "matching", f"/v1/people/{one}/suggestions", skill_id=skill)
        return [each["person_id"] for each in found["items"]] == [guide] or None

    await eventually("the colleague suggested", suggested)

    async def known() -> bool | None:
        path = f"/v1/programmes/{programme}/rules"
        return (await company.services.send(OWNER, "matching", "GET", path, refusals={404})).is_success or None

    await eventually("the programme known to matching", known)
    trace_id, caller = uuid4().hex, uuid4().hex[:16]
    traced = {"traceparent": f"00-{trace_id}-{caller}-01", "Content-Type": "application/json"}
    ask = f"/v1/people/{one}/suggestions/{guide}/ask"
    body = json.dumps({"programme_id": programme, "skill_id": skill}).encode()
    match = (await company.services.send(employee(one), "matching", "POST", ask, content=body, headers=traced)).json()
    assert (match["state"], match["asked"], match["round_id"]) == ("proposed", True, None)
    accept = f"/v1/matches/{match['match_id']}/accept"
    accepted = await company.services.send(employee(guide), "matching", "POST", accept, headers=traced)
    assert accepted.json()["state"] == "accepted", "who asks has said yes"
    group = await company.group_of(match["match_id"], programme, "active")
    session, *_ = await company.sessions(group["group_id"])
    assert {person["person_id"] for person in session["participants"]} == {one, guide}
    asking, accepting = (f"POST /v1/{path}" for path in (
        "people/{person_id}/suggestions/{colleague_id}/ask", "matches/{match_id}/accept"
    ))  # fmt: skip
    spans = await trace(
        company,
        trace_id,
        {
            ("matching", asking),
            ("metrics", "process matching.matches"),
            ("matching", accepting),
            ("sessions", "process matching.matches"),
            ("sessions", "create sessions.sessions"),
        },
    )
    assert_connected(spans, outside=caller)
    asked = children(spans, of=caller, service="matching", name=asking)[0]
    children(spans, of=asked["span_id"], service="matching", name="create matching.matches")
    said_yes = children(spans, of=caller, service="matching", name=accepting)[0]
    told = children(spans, of=said_yes["span_id"], service="matching", name="create matching.matches")[0]
    planned = children(spans, of=told["span_id"], service="sessions", name="process matching.matches")[0]
    children(spans, of=planned["span_id"], service="sessions", name="create sessions.sessions")
