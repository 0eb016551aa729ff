"""Each family of formats from programme to feedback, through HTTP and Kafka alone, on one stack."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from deploy.local.story.client import Caller, eventually
from tests.flows.conftest import ADMIN, OWNER, Company, employee

pytestmark = pytest.mark.real_broker
SCORES = {"usefulness": 5, "relevance": 4, "engagement": 5}
ACCEPT = {"answer": "accept", "rules_version": 1}


def workday(company: Company, offset: int) -> str:
    """Noon (UTC) of a working day about so many days from now."""
    day = company.today + timedelta(days=offset)
    while day.isoweekday() > 5:
        day += timedelta(days=1 if offset > 0 else -1)
    return datetime.combine(day, time(12), UTC).isoformat()


async def do(company: Company, who: str | Caller, method: str, path: str, body: Any = None, **options: Any) -> Any:
    """What sessions answers somebody."""
    caller = employee(who) if isinstance(who, str) else who
    reply = await company.services.do(caller, "sessions", method, path, body, **options)
    return reply.json() if reply.content else None


async def crew(company: Company, count: int, offset: int = 0) -> list[dict[str, Any]]:
    """People at work whom nobody reports to, in order of employee number."""
    cards = [card async for card in company.services.items(ADMIN, "directory", "/v1/people")]
    bosses = {card["manager_id"] for card in cards}
    free = [
        card for card in sorted(cards, key=lambda card: str(card["employee_number"]))
        if card["status"] == "active" and card["person_id"] not in bosses
        and str(card["employee_number"]).startswith("E")
    ]  # fmt: skip
    return free[offset : offset + count]


async def found(company: Company, programme: str, people: list[str], **changes: Any) -> dict[str, Any]:
    """A group of these people, founded by the first once sessions knows them all."""

    async def try_() -> dict[str, Any] | None:
        members = changes.pop("members", None) or [{"person_id": one} for one in people[1:]]
        changes["members"] = members
        body = {"programme_id": programme, "name": "A group", **changes}
        reply = await company.services.do(
            employee(people[0]), "sessions", "POST", "/v1/groups", body, refusals={404, 409}
        )
        return dict(reply.json()) if reply.is_success else None

    return await eventually("a group", try_)


async def past_session(company: Company, group: dict[str, Any], leader: str, offset: int = -3) -> str:
    """One in a week gone by in which everybody was free: other stories take some of their time."""
    path = f"/v1/groups/{group['group_id']}/sessions"
    for before in range(0, 28, 7):
        body = {"starts_at": workday(company, offset - before)}
        reply = await company.services.do(employee(leader), "sessions", "POST", path, body, refusals={409})
        if reply.is_success:
            return str(reply.json()["session_ids"][0])
        assert reply.json()["type"] == "/problems/overlapping-times", reply.text
    raise AssertionError("four weeks without time")


async def office_hours(company: Company, group: dict[str, Any], host: str) -> list[str]:
    """Two slots in the first week to come in which the host has time left: other stories take some of it."""
    path, body = f"/v1/groups/{group['group_id']}/slots", {"minutes": 20, "count": 2, "release_hours": 24}
    for offset in range(7, 70, 7):
        asked = {**body, "starts_at": workday(company, offset)}
        reply = await company.services.do(employee(host), "sessions", "POST", path, asked, refusals={409})
        if reply.is_success:
            return list(reply.json()["session_ids"])
        assert reply.json()["type"] == "/problems/time-budget-used-up", reply.text
    raise AssertionError("ten weeks without time")


async def attend(company: Company, session: str, people: list[str], scribe: str) -> str:
    """Everybody was there; returns the session's state after that."""
    entries = [{"person_id": one, "state": "attended", "minutes": 45, "asked": 1} for one in people]
    reply = await do(company, scribe, "PUT", f"/v1/sessions/{session}/attendance", {"entries": entries})
    return str(reply["state"])


async def give_feedback(company: Company, session: str, people: list[str]) -> int:
    """Everybody answers what the format asks; returns how many questions that were."""
    path = f"/v1/sessions/{session}/feedback"
    asked = await company.services.get(employee(people[0]), "sessions", f"{path}-form")
    body: dict[str, Any] = SCORES
    if asked["form_id"] is not None:
        version, scores = asked["form_version"], [4] * len(asked["items"])
        body = {"own": {"form_id": asked["form_id"], "form_version": version, "scores": scores}}
    expected = 202 if asked["items"] else 409
    for one in people:
        reply = await company.services.do(
            employee(one), "sessions", "POST", path, body, refusals={409}, confidential=True
        )
        assert reply.status_code == expected, reply.text
    return len(asked["items"])


async def state_of(company: Company, session: str) -> str:
    return str((await company.services.get(OWNER, "sessions", f"/v1/sessions/{session}"))["state"])


async def test_a_problem_is_solved_by_two_functions_with_a_challenge_and_an_outcome(company: Company) -> None:
    """F5."""
    cards = await crew(company, 40, 40)
    by_function: dict[str, str] = {}
    for card in cards:
        by_function.setdefault(str(card["job_function"]), str(card["person_id"]))
    people = [*by_function.values(), *(str(card["person_id"]) for card in cards)]
    people = list(dict.fromkeys(people))[:4]
    programme = await company.programme(
        format="problem_solving", group_size_min=3, group_size_max=8, session_minutes=60
    )
    advice = await company.services.get(
        employee(people[0]), "sessions", "/v1/method-advice", need="solve_a_challenge", people=4
    )
    assert advice["items"][0]["format"] == "problem_solving"
    group = await found(company, programme, people)
    session = await past_session(company, group, people[0])
    assert await attend(company, session, people, group["facilitator_id"] or people[0]) == "scheduled"
    for kind in ("challenge", "outcome"):
        await do(company, people[1], "PUT", f"/v1/sessions/{session}/artefacts/{kind}", {"content": f"The {kind}"})
    assert await state_of(company, session) == "held"
    await give_feedback(company, session, people)


async def test_a_community_meets_by_a_rule_and_whoever_is_in_the_audience_joins(company: Company) -> None:
    """F2."""
    people = [str(card["person_id"]) for card in await crew(company, 4, 4)]
    programme = await company.programme(
        format="community_of_practice", group_size_min=5, group_size_max=30, confidentiality="open"
    )
    group = await found(company, programme, people[:2], charter="We show each other what we do.")
    start = datetime.combine(company.today + timedelta(days=3), time(14)).isoformat()
    rule = {"rrule": "FREQ=WEEKLY;COUNT=3", "starts_at": start, "time_zone": "Europe/Berlin", "minutes": 45}
    series = await do(company, people[0], "POST", f"/v1/groups/{group['group_id']}/series", rule)
    assert len(series["session_ids"]) == 3
    listed = await company.services.all(employee(people[2]), "sessions", "/v1/joinable-groups", programme_id=programme)
    assert [one["group_id"] for one in listed] == [group["group_id"]]
    more = [str(card["person_id"]) for card in await crew(company, 2, 30)]
    for one in (people[2], *more):
        await do(company, one, "POST", f"/v1/groups/{group['group_id']}/members")
    answered = await do(company, people[3], "POST", f"/v1/sessions/{series['session_ids'][0]}/rsvp", ACCEPT)
    assert answered["state"] == "registered"
    session = await past_session(company, group, people[0])
    assert await attend(company, session, people[:3], people[0]) == "held"
    await give_feedback(company, session, people[:3])


async def test_lessons_are_shared_before_a_full_room_and_recorded_by_consent(company: Company) -> None:
    """F4."""
    people = [str(card["person_id"]) for card in await crew(company, 5, 8)]
    programme = await company.programme(
        format="knowledge_sharing", group_size_min=3, group_size_max=30, confidentiality="open"
    )
    group = await found(company, programme, people[:3])
    made = await do(
        company, people[0], "POST", f"/v1/groups/{group['group_id']}/sessions",
        {"starts_at": workday(company, 5), "capacity": 2, "title": "What the migration taught us"},
    )  # fmt: skip
    coming = made["session_ids"][0]
    states = [(await do(company, one, "POST", f"/v1/sessions/{coming}/rsvp", ACCEPT))["state"] for one in people[1:4]]
    assert states == ["registered", "registered", "waitlisted"]
    await do(company, people[4], "PUT", f"/v1/sessions/{coming}/watch")
    await do(company, people[1], "POST", f"/v1/sessions/{coming}/rsvp", {"answer": "decline"})
    seen = await company.services.get(employee(people[3]), "sessions", f"/v1/sessions/{coming}")
    assert {one["person_id"]: one["state"] for one in seen["participants"]}[people[3]] == "registered"
    recording = f"/v1/sessions/{coming}/recording"
    await do(company, people[0], "POST", recording, {"purpose": "For the night shift"})
    link = {"link": "https://video.example/1"}
    refused = await company.services.do(
        employee(people[0]), "sessions", "PUT", f"{recording}/link", link, refusals={409}
    )
    assert refused.status_code == 409
    for one in people[2:4]:
        state = (await do(company, one, "PUT", f"{recording}/consent", {"consents": True}))["state"]
    assert state == "allowed"
    session = await past_session(company, group, people[0])
    assert await attend(company, session, people[:3], people[0]) == "scheduled"
    await do(company, people[0], "PUT", f"/v1/sessions/{session}/artefacts/lesson", {"content": "Rehearse it twice."})
    assert await state_of(company, session) == "held"
    await give_feedback(company, session, people[:3])


async def test_office_hours_are_booked_and_shadowing_has_its_list_and_debrief(company: Company) -> None:
    """F8, F16."""
    people = [str(card["person_id"]) for card in await crew(company, 3, 13)]
    hours = await company.programme(format="office_hours", group_size_min=2, group_size_max=12)
    group = await found(company, hours, people[:2])
    slots = await office_hours(company, group, people[0])
    open_ = await company.services.all(employee(people[1]), "sessions", "/v1/open-sessions")
    assert set(slots) <= {one["session_id"] for one in open_}
    assert (await do(company, people[1], "POST", f"/v1/sessions/{slots[0]}/rsvp", ACCEPT))["state"] == "registered"
    session = await past_session(company, group, people[0])
    assert await attend(company, session, people[:2], people[0]) == "held"
    await give_feedback(company, session, people[:2])
    shadowing = await company.programme(format="job_shadowing", group_size_min=2, group_size_max=4, session_minutes=120)
    pair = await found(
        company, shadowing, people[:2], role="learner", members=[{"person_id": people[1], "role": "teacher"}]
    )
    session = await past_session(company, pair, people[0], -8)
    for kind in ("observation_checklist", "debrief"):
        await do(company, people[0], "PUT", f"/v1/sessions/{session}/artefacts/{kind}", {"content": kind})
    assert await attend(company, session, people[:2], people[0]) == "held"
    await give_feedback(company, session, people[:2])


async def test_what_two_people_did_by_themselves_counts_once_both_say_so(company: Company) -> None:
    """F21."""
    people = [str(card["person_id"]) for card in await crew(company, 2, 16)]
    await company.programme(format="ad_hoc", group_size_min=2, group_size_max=8)
    body = {"people": people[1:], "topic": "How to read an execution plan", "minutes": 20}
    log = await do(company, people[0], "POST", "/v1/quick-logs", body)
    assert log["state"] == "waiting"
    path = f"/v1/quick-logs/{log['session_id']}/confirmation"
    assert (await do(company, people[1], "POST", path, {"agreed": True}))["state"] == "confirmed"
    assert await state_of(company, log["session_id"]) == "held"
    await give_feedback(company, log["session_id"], people)


async def test_a_manager_change_moves_the_facilitator_of_a_cohort_within_seconds(company: Company) -> None:
    """F18."""
    cards = await crew(company, 4, 20)
    people = [str(card["person_id"]) for card in cards]
    programme = await company.programme(format="cohort", group_size_min=4, group_size_max=30)
    group = await found(company, programme, people)
    lead = group["facilitator_id"]
    assert lead, group["facilitator_why"]
    made = await do(
        company, OWNER, "POST", f"/v1/groups/{group['group_id']}/sessions", {"starts_at": workday(company, 9)}
    )
    everybody = [card async for card in company.services.items(ADMIN, "directory", "/v1/people")]
    number = next(card["employee_number"] for card in everybody if card["person_id"] == lead)
    company.change(company.worker(str(cards[1]["employee_number"])), manager_employee_number=number)

    async def replaced() -> dict[str, Any] | None:
        now = await company.services.get(OWNER, "sessions", f"/v1/sessions/{made['session_ids'][0]}")
        return dict(now) if now["facilitator_id"] != lead else None

    session = await eventually("another facilitator", replaced)
    roles = {one["person_id"]: one["role"] for one in session["participants"]}
    assert lead not in roles
    if session["facilitator_id"]:
        assert roles[session["facilitator_id"]] == "facilitator"
        assert "next in turn" in session["facilitator_why"]
