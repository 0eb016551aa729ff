"""Whom a programme is for, how it is doing, and how it ends."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sessions.commands.programmes import close_ended
from shared.events.directory import SkillNeed, SkillOffer
from tests.sessions.conftest import PAST, PROGRAMME, TODAY, World
from tests.sessions.events import circle, person
from tests.sessions.gathering import add, found, workday

RUST, COBOL = "urn:rust", "urn:cobol"


async def audience(world: World, programme: UUID) -> set[UUID]:
    found: set[UUID] = set()
    path: str | None = f"/v1/programmes/{programme}/audience?limit=2"
    while path:
        reply = (await world.own("GET", path)).json()
        found |= {UUID(each["person_id"]) for each in reply["items"]}
        path = f"/v1/programmes/{programme}/audience?limit=2&cursor={reply['next']}" if reply["next"] else None
    assert reply["total"] == len(found)
    return found


async def test_an_audience_is_a_rule_over_people_as_they_are_now(world: World) -> None:
    units, sites, jobs = ("sales-1", "it-1"), ("berlin", "rome"), ("dev", "seller")
    skills = (RUST, COBOL)
    people: dict[UUID, dict[str, Any]] = {}
    for number in range(16):
        people[uuid4()] = {
            "unit_path": ("acme", units[number % 2]),
            "site_code": sites[number // 2 % 2],
            "region": ("EMEA", None)[number % 3 % 2],
            "job_code": jobs[number // 4 % 2],
            "offers": (SkillOffer(skill_id=skills[number // 8], level=3),),
            "hired_on": TODAY - timedelta(days=31 * number),
        }
    await world.hear(*(person(one, **fields) for one, fields in people.items()))
    rules: dict[str, Any] = {
        "audience_units": ["it-1"], "audience_sites": ["rome"], "audience_regions": ["EMEA"],
        "audience_jobs": ["dev"], "audience_skills": [RUST],
        "tenure_min_months": 1, "tenure_max_months": 12,
    }  # fmt: skip
    for name, value in rules.items():
        programme = await world.programme(**{"audience_units": [], name: value})
        assert await audience(world, programme) == {one for one, them in people.items() if fits(them, {name: value})}
    programme = await world.programme(**rules)
    within = {one for one, them in people.items() if fits(them, rules)}
    assert await audience(world, programme) == within
    assert len(within) == 1
    (mover,) = within
    await world.hear(person(mover, 2, **{**people[mover], "site_code": "berlin"}))
    assert await audience(world, programme) == set()
    other = next(one for one in people if one != mover)
    moved = {
        **people[mover], "offers": (), "needs": (SkillNeed(skill_id=RUST, level=0, target_level=2),),
    }  # fmt: skip
    await world.hear(person(other, 2, **moved))
    assert await audience(world, programme) == {other}
    told = (await world.told("programme.changed"))[-1]
    assert {name: told[name] for name in rules} == rules


def fits(them: dict[str, Any], rules: dict[str, Any]) -> bool:
    """Judged in Python, and not by the database's own arithmetic."""
    months = (TODAY.year - them["hired_on"].year) * 12 + TODAY.month - them["hired_on"].month
    months -= them["hired_on"].day > TODAY.day
    return (
        (not rules.get("audience_units") or bool(set(rules["audience_units"]) & set(them["unit_path"])))
        and (not rules.get("audience_sites") or them["site_code"] in rules["audience_sites"])
        and (not rules.get("audience_regions") or them["region"] in rules["audience_regions"])
        and (not rules.get("audience_jobs") or them["job_code"] in rules["audience_jobs"])
        and (
            not rules.get("audience_skills")
            or any(each.skill_id in rules["audience_skills"] for each in them["offers"])
        )
        and (rules.get("tenure_min_months") is None or months >= rules["tenure_min_months"])
        and (rules.get("tenure_max_months") is None or months < rules["tenure_max_months"])
    )


async def test_bounds_of_tenure_must_leave_somebody(world: World) -> None:
    reply = await world.own(
        "PATCH",
        f"/v1/programmes/{await world.programme()}",
        {"tenure_min_months": 6, "tenure_max_months": 6},
        If_Match='"v2"',
    )
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "tenure_max_months")


async def flags(world: World, programme: UUID) -> dict[str, int]:
    reply = await world.own("GET", f"/v1/programmes/{programme}/health")
    assert reply.status_code == 200, reply.text
    return {flag["code"]: flag["count"] for flag in reply.json()["red_flags"]}


async def test_red_flags_say_what_goes_wrong_while_it_runs(world: World) -> None:
    """R1, C23."""
    people = await world.people(4)
    programme = await world.programme(sponsor_id=str(people[0]))
    assert await flags(world, programme) == {}
    await world.hear(person(people[0], 2, status="left"))
    assert await flags(world, programme) == {"sponsor_gone": 1}
    await world.execute("UPDATE programmes SET published_on = current_date - 14")
    assert (await flags(world, programme))["no_groups"] == 1
    await world.hear(circle(programme, people[1:], None))
    assert await flags(world, programme) == {"sponsor_gone": 1, "no_facilitator": 1}
    await world.execute("UPDATE sessions SET flag = 'Outside somebody''s hours'")
    await world.execute("UPDATE participants SET state = 'waitlisted', place = 1")
    await world.execute("UPDATE programmes SET starts_on = current_date - 60, published_on = current_date - 60")
    found = await flags(world, programme)
    assert found["momentum_lost"] == 1
    assert found["sessions_flagged"] == found["waitlist_long"] / 3
    await world.hear(*(person(one, 2, unit_path=("acme", "it")) for one in people[1:]))
    await world.own("PATCH", f"/v1/programmes/{programme}", {"audience_units": ["sales"]}, If_Match='"v2"')
    found = await flags(world, programme)
    assert (found["outside_audience"], found["audience_empty"]) == (3, 1)
    assert (await world.call("GET", f"/v1/programmes/{programme}/health")).status_code == 403


async def test_missing_people_and_missing_records_are_flagged(world: World) -> None:
    people = await world.people(12)
    programme = await world.programme(sponsor_id=str(people[0]), **PAST)
    await world.hear(circle(programme, people[:6], None), circle(programme, people[6:], None))
    assert (await flags(world, programme))["attendance_missing"] >= 2
    await world.execute("UPDATE participants SET state = 'no_show'")
    found = await flags(world, programme)
    assert found["low_attendance"] >= 12


async def test_a_closed_programme_ends_its_groups_and_cancels_what_was_to_come(world: World) -> None:
    people = await world.people(4)
    programme = await world.programme()
    await world.hear(circle(programme, people, None))
    path = f"/v1/programmes/{programme}/close"
    closed = await world.own("POST", path, {"reason": "Done"})
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    assert len(await world.told("session.cancelled")) == 4
    (group,) = (await world.own("GET", "/v1/groups")).json()["items"]
    assert (group["state"], group["reason"]) == ("ended", "Done")
    again = await world.own("POST", path, {"reason": "Done"})
    assert (again.status_code, again.json()["type"], again.json()["state"]) == (
        409,
        "/problems/programme-not-published",
        "closed",
    )
    draft = await world.programme(publish=False)
    refused = await world.own("POST", f"/v1/programmes/{draft}/close", {"reason": "No"})
    assert (refused.status_code, refused.json()["state"]) == (409, "draft")


async def test_what_has_been_over_for_a_fortnight_closes_by_itself_once(world: World) -> None:
    over, running = await world.programme(), await world.programme()
    await world.execute("UPDATE programmes SET ends_on = current_date - 15 WHERE programme_id = $1", over)
    async with world.db.transaction() as conn:
        assert await close_ended(conn) == 1
        assert await close_ended(conn) == 0
    statuses = {row["programme_id"]: row["status"] for row in await world.fetch("SELECT * FROM programmes")}
    assert statuses == {over: "closed", running: "published"}


async def test_those_who_facilitate_have_a_community_of_their_own(world: World) -> None:
    """C11: a community of practice that is for them alone; they share the plans that worked there."""
    founder, colleague = await world.people(2, facilitator_ready=True)
    (other,) = await world.people(1, facilitator_ready=True)  # and has not yet led anything
    led = await found(world, founder, await world.programme(format="community_of_practice"), charter="We")
    for day, who in ((3, founder), (5, colleague)):
        session = await add(world, founder, led, workday(day))
        await world.execute("UPDATE sessions SET facilitator_id = $2 WHERE session_id = $1", session, who)
    programme = await world.programme(
        format="community_of_practice", audience_facilitators=True, confidentiality="open"
    )
    shown = (await world.own("GET", f"/v1/programmes/{programme}")).json()
    assert shown["audience_facilitators"] is True
    assert (await world.own("GET", f"/v1/programmes/{programme}/audience")).json()["total"] == 2
    group = await found(world, founder, programme, membership="open", charter="We show what worked.")
    path = f"/v1/groups/{group['group_id']}/members"
    assert (await world.call("POST", path, who=other)).status_code == 404
    joinable = (await world.call("GET", "/v1/joinable-groups", who=other)).json()["items"]
    assert group["group_id"] not in {one["group_id"] for one in joinable}
    assert (await world.call("POST", path, who=colleague)).status_code == 201
    await world.hear(person(colleague, 2, facilitator_ready=False))
    assert (await flags(world, programme))["outside_audience"] == 1
    refused = await world.own(
        "POST", "/v1/programmes", {**PROGRAMME, "format": "mentoring", "audience_facilitators": True}
    )
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "audience_facilitators")


MOVES = st.lists(st.sampled_from(["publish", "close"]), max_size=5)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
async def test_a_programme_goes_from_draft_to_published_to_closed_and_no_other_way(
    moves: list[str], world: World
) -> None:
    programme = await world.programme(publish=False)
    state = "draft"
    arrows = {("draft", "publish"): "published", ("published", "close"): "closed"}
    for move in moves:
        body = {"reason": "x"} if move == "close" else None
        reply = await world.own("POST", f"/v1/programmes/{programme}/{move}", body)
        if (state, move) in arrows:
            state = arrows[state, move]
            assert (reply.status_code, reply.json()["status"]) == (200, state)
        else:
            assert (reply.status_code, reply.json()["state"]) == (409, state)


@pytest.mark.parametrize("path", ["health", "audience"])
async def test_an_unknown_programme_is_not_found(path: str, world: World) -> None:
    assert (await world.own("GET", f"/v1/programmes/{uuid4()}/{path}")).status_code == 404
