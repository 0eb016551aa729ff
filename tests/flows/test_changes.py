"""What HR changes reaches those who plan with it: leave, a move, another manager."""

from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local.sample.competence import Claim
from deploy.local.sample.organization import Worker
from deploy.local.story.client import eventually
from tests.flows.conftest import ADMIN, OWNER, Company, employee

pytestmark = pytest.mark.real_broker


async def test_leave_ends_a_match_and_cancels_its_sessions(company: Company, buddies: str) -> None:
    newcomer = company.newcomer()
    company.publish(newcomer)
    person = await company.person(newcomer.employee_number)
    match = await company.match_of(person, "proposed", programme_id=buddies)
    buddy = next(member["person_id"] for member in match["members"] if member["role"] == "buddy")
    await company.services.do(employee(buddy), "matching", "POST", f"/v1/matches/{match['match_id']}/accept")
    group = await company.group_of(match["match_id"], buddies, "active")
    company.change(newcomer, status="leave")
    await company.person_like(newcomer.employee_number, status="leave")
    assert (await company.match_of(person, "ended"))["match_id"] == match["match_id"]
    await company.group_of(match["match_id"], buddies, "ended")

    async def cancelled() -> bool | None:
        states = {session["state"] for session in await upcoming(company, group["group_id"])}
        return states == {"cancelled"} or None

    await eventually("the upcoming sessions cancelled", cancelled)


async def test_a_buddy_who_departs_hands_over_and_introductions_stay_with_those_who_are_here(
    company: Company, buddies: str
) -> None:
    """P18."""
    newcomer = company.newcomer()
    company.publish(newcomer)
    person = await company.person(newcomer.employee_number)
    match = await company.match_of(person, "proposed", programme_id=buddies)
    buddy = next(member["person_id"] for member in match["members"] if member["role"] == "buddy")
    path = f"/v1/people/{person}/introductions"
    first = await company.services.get(employee(person), "matching", path)
    assert first["items"]
    assert buddy not in {one["person_id"] for one in first["items"]}
    card = await company.services.get(ADMIN, "directory", f"/v1/people/{buddy}")
    company.change(company.worker(card["employee_number"]), status="left", termination_date=company.today)

    async def handed_over() -> bool | None:
        now = await company.match_of(person, "proposed", programme_id=buddies)
        return (now["match_id"] != match["match_id"] and buddy not in str(now["members"])) or None

    await eventually("another buddy", handed_over)
    ended = await company.services.get(OWNER, "matching", f"/v1/matches/{match['match_id']}")
    assert ended["state"] == "ended"


async def test_a_move_changes_who_a_programme_is_for(company: Company) -> None:
    programme = await company.programme(format="mentoring", audience_units=["FIN"])
    before = await company.round(programme, dry_run=True)
    mover = company.newcomer("TEC")
    company.publish(mover)
    await company.person(mover.employee_number)
    unit = next(unit.code for unit in company.organization.units() if unit.code.startswith("FIN"))
    company.change(mover, unit_code=unit)
    await company.person_like(mover.employee_number, unit_code=unit)

    async def one_more() -> bool | None:
        after = await company.round(programme, dry_run=True)
        return after["asked"] == before["asked"] + 1 or None

    await eventually("one more person asked", one_more)


async def test_who_becomes_a_members_manager_no_longer_facilitates_their_circle(company: Company) -> None:
    """R2."""
    programme = await company.programme(
        format="mentoring_circle", audience_units=["OPS"], group_size_min=4, group_size_max=6, session_minutes=60
    )
    round_ = await company.round(programme)
    circles = await company.services.all(OWNER, "matching", "/v1/matches", round_id=round_["round_id"])
    circle, member, facilitator = await somebody_to_promote(company, circles)
    group = await company.group_of(circle["match_id"], programme, "active")
    assert group["facilitator_id"] == circle["facilitator_id"]
    moved = company.change(company.worker(member), manager_employee_number=facilitator)
    await company.person_like(member, manager_id=circle["facilitator_id"])

    async def replaced() -> bool | None:
        now = await company.services.get(OWNER, "matching", f"/v1/matches/{circle['match_id']}")
        return now["facilitator_id"] != circle["facilitator_id"] or None

    async def told() -> bool | None:
        coming = await upcoming(company, group["group_id"])
        return circle["facilitator_id"] not in {session["facilitator_id"] for session in coming} or None

    await eventually("another facilitator in matching", replaced)
    await eventually("another facilitator in the sessions", told)
    await one_leaves(company, programme, circle, moved)


async def one_leaves(company: Company, programme: str, circle: dict[str, Any], worker: Worker) -> None:
    """A departure from a circle forms only that one anew: the others are as they were."""

    async def circles() -> dict[str, tuple[int, set[str]]]:
        found = await company.services.all(OWNER, "matching", "/v1/matches", round_id=circle["round_id"])
        return {one["match_id"]: (one["version"], {each["person_id"] for each in one["members"]}) for one in found}

    leaver, before = await company.person(worker.employee_number), await circles()
    company.change(worker, status="left", termination_date=company.today)

    async def without() -> bool | None:
        group = await company.group_of(circle["match_id"], programme, "active")
        return leaver not in {member["person_id"] for member in group["members"]} or None

    async def formed_anew() -> bool | None:
        return leaver not in (await circles())[circle["match_id"]][1] or None

    # Sessions hear of who left from the directory, too: neither service waits for the other.
    await eventually("the group without who has left", without)
    await eventually("the circle without who has left", formed_anew)
    after = await circles()
    version, members = before.pop(circle["match_id"])
    now, inside = after.pop(circle["match_id"])
    came = inside - members  # somebody who waited, where the place is one for them
    assert (now, inside - came) == (version + 1 + len(came), members - {leaver})
    assert after == before


async def test_a_learner_whose_teacher_departs_is_handed_over(company: Company) -> None:
    """P18."""
    answer = await company.services.do(ADMIN, "directory", "POST", "/v1/skills", {"label": "Glass blowing"})
    skill = answer.json()["skill_id"]
    learner = company.newcomer("TEC", skills=(Claim(skill, 1, 4),))
    near = {name: getattr(learner, name) for name in ("site_code", "country", "time_zone", "languages")}
    teacher, other = (company.newcomer("TEC", skills=(Claim(skill, 5),), **near) for _ in range(2))
    for worker in (learner, teacher):
        company.publish(worker)
    one, guide = await company.person(learner.employee_number), await company.person(teacher.employee_number)
    # Seldom, so that it fits beside what newcomers have with their buddies.
    programme = await company.programme(
        format="teach_one_thing", skills=[skill], audience_skills=[skill], cadence_days=28
    )

    async def matched() -> bool | None:
        return (await company.round(programme, dry_run=True))["matched"] == 1 or None

    await eventually("both known to matching", matched)
    await company.round(programme)
    match = await company.match_of(one, "proposed", programme_id=programme)
    for person in (one, guide):
        await company.services.do(employee(person), "matching", "POST", f"/v1/matches/{match['match_id']}/accept")
    await company.group_of(match["match_id"], programme, "active")
    company.publish(other)
    heir = await company.person(other.employee_number)

    async def known() -> bool | None:
        found = await company.services.get(employee(one), "matching", f"/v1/people/{one}/suggestions")
        return heir in {each["person_id"] for each in found["items"]} or None

    await eventually("the other teacher known to matching", known)
    company.change(teacher, status="left", termination_date=company.today)
    again = await company.match_of(one, "proposed", programme_id=programme)
    assert {member["person_id"] for member in again["members"]} == {one, heir}
    assert again["rules_version"] == 1
    await company.group_of(match["match_id"], programme, "ended")


async def upcoming(company: Company, group_id: str) -> list[dict[str, Any]]:
    """What is still to come of a group."""
    later = datetime.now(UTC).isoformat()
    found = await company.services.all(OWNER, "sessions", "/v1/sessions", group_id=group_id, starts_from=later)
    assert found
    return found


async def somebody_to_promote(company: Company, circles: list[dict[str, Any]]) -> tuple[dict[str, Any], str, str]:
    """A circle that stands without one, such a member whom nobody reports to, and its facilitator: employee numbers."""
    cards = {card["person_id"]: card async for card in company.services.items(ADMIN, "directory", "/v1/people")}
    bosses = {card["manager_id"] for card in cards.values()}
    for circle in (one for one in circles if len(one["members"]) > 5):
        for member in circle["members"]:
            if member["role"] == "participant" and member["person_id"] not in bosses and circle["facilitator_id"]:
                number, facilitator = cards[member["person_id"]], cards[circle["facilitator_id"]]
                return circle, number["employee_number"], facilitator["employee_number"]
    pytest.fail("no circle of five or more has a facilitator and a member without reports")
