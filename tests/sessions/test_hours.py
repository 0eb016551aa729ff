"""Working hours, budgets and what people say of their own time, as sessions keep to them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.sessions.commands.working_hours import MOVED
from tests.sessions.conftest import TODAY, World
from tests.sessions.events import circle, pair, person

PAIR: dict[str, Any] = {"format": "mentoring", "group_size_max": 2}


async def coming(world: World) -> list[dict[str, object]]:
    return (await world.own("GET", "/v1/sessions?limit=100")).json()["items"]  # type: ignore[no-any-return]


async def test_changed_working_hours_move_what_is_to_come_and_tell_it(world: World) -> None:
    one, other = await world.people(2)
    await world.hear(pair(await world.programme(**PAIR), one, other))
    before = await coming(world)
    await world.hear(person(one, 2, work_starts=14 * 60, work_ends=20 * 60))
    after = await coming(world)
    assert [session["starts_at"] for session in after] != [session["starts_at"] for session in before]
    assert {session["version"] for session in after} == {2}
    assert {session["why"] for session in after} == {MOVED}
    assert len(await world.told("session.rescheduled")) == len(before)
    await world.hear(person(one, 3, work_starts=14 * 60, work_ends=20 * 60, job_level=4))
    assert len(await world.told("session.rescheduled")) == len(before)


async def test_a_session_that_cannot_move_is_flagged_until_it_fits_again(world: World) -> None:
    one, other = await world.people(2)
    await world.hear(pair(await world.programme(**PAIR), one, other))
    await world.hear(person(one, 2, time_zone="Pacific/Auckland"))
    flagged = await coming(world)
    assert all("working hours" in str(session["flag"]) for session in flagged)
    assert await world.told("session.rescheduled") == []
    await world.hear(person(one, 3))
    assert {session["flag"] for session in await coming(world)} == {None}


async def test_a_months_budget_is_not_overdrawn_and_the_group_says_so(world: World) -> None:
    """C14."""
    one, other = await world.people(2, time_budget_minutes=60)
    await world.hear(pair(await world.programme(**PAIR, cadence_days=7), one, other))
    sessions = await coming(world)
    months = [str(session["starts_at"])[:7] for session in sessions]
    assert sessions
    assert len(months) == len(set(months))
    (group,) = (await world.own("GET", "/v1/groups")).json()["items"]
    assert "time budget is used up" in group["reason"]


async def test_what_is_said_of_ones_own_time_is_respected(world: World) -> None:
    one, other = await world.people(2)
    day = datetime.combine(TODAY, datetime.min.time(), UTC)
    busy = [
        {"starts_at": (day + timedelta(days=n)).isoformat(), "ends_at": (day + timedelta(days=n, hours=13)).isoformat()}
        for n in range(60)
    ]
    body = {"weekly_minutes": 60, "busy": busy}
    saved = await world.call("PUT", "/v1/availability", body, who=one)
    assert (saved.status_code, saved.json()["version"], len(saved.json()["busy"])) == (200, 1, 60)
    assert (await world.call("GET", "/v1/availability", who=one)).json() == saved.json()
    assert (await world.call("GET", "/v1/availability", who=other)).json()["busy"] == []
    await world.hear(pair(await world.programme(**PAIR, cadence_days=7), one, other))
    await world.hear(pair(await world.programme(**PAIR, cadence_days=7), one, other))
    sessions = await coming(world)
    assert sessions
    assert all(datetime.fromisoformat(str(session["starts_at"])).hour >= 13 for session in sessions)
    weeks = [datetime.fromisoformat(str(session["starts_at"])).isocalendar()[:2] for session in sessions]
    assert len(weeks) == len(set(weeks))
    wrong = [{"starts_at": day.isoformat(), "ends_at": day.isoformat()}]
    refused = await world.call("PUT", "/v1/availability", {"busy": wrong}, who=one)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "busy.0.ends_at")


async def test_what_is_newly_busy_moves_what_was_booked_there(world: World) -> None:
    one, other = await world.people(2)
    await world.hear(pair(await world.programme(**PAIR), one, other))
    first = (await coming(world))[0]
    busy = [{"starts_at": first["starts_at"], "ends_at": first["ends_at"]}]
    await world.call("PUT", "/v1/availability", {"busy": busy}, who=one)
    (told,) = await world.told("session.rescheduled")
    assert (told["session_id"], told["starts_at"] != first["starts_at"]) == (first["session_id"], True)


async def test_a_member_of_one_function_alone_does_not_solve_problems_across_functions(world: World) -> None:
    """F5."""
    alike = await world.people(3, job_function="sales")
    mixed = [*(await world.people(2, job_function="sales")), *(await world.people(1, job_function="it"))]
    programme = await world.programme(format="problem_solving")
    await world.hear(circle(programme, alike, None), circle(programme, mixed, None))
    groups = (await world.own("GET", "/v1/groups")).json()["items"]
    found = {UUID(group["members"][0]["person_id"]) in alike: (group["state"], group["reason"]) for group in groups}
    assert found[False] == ("active", None)
    assert found[True][0] == "unschedulable"
    assert "two functions" in str(found[True][1])


async def test_a_group_with_the_wrong_roles_is_not_scheduled_and_says_which(world: World) -> None:
    """R11."""
    *people, lead, second = await world.people(6)
    match = circle(await world.programme(), people, lead)
    extra = match.members[-1].model_copy(update={"person_id": second})
    await world.hear(match.model_copy(update={"members": (*match.members, extra)}))
    (group,) = (await world.own("GET", "/v1/groups")).json()["items"]
    assert group["state"] == "unschedulable"
    assert "0 to 1 in the role facilitator are needed, there are 2" in group["reason"]
