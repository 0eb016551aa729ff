"""Minutes people have for learning, as times that are said or proposed keep to them."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.sessions.conftest import TODAY, World
from tests.sessions.events import pair, person
from tests.sessions.gathering import add, found, workday


def monday(weeks: int = 1, hour: int = 10) -> datetime:
    """That hour of a Monday so many weeks ahead, in one month with the days after it."""
    day = workday(7 * weeks, hour)
    day += timedelta(days=-day.weekday() % 7)
    return day if (day + timedelta(days=6)).month == day.month else monday(weeks + 1, hour)


async def set_aside(world: World, person: UUID, minutes: int) -> None:
    reply = await world.call("PUT", "/v1/availability", {"weekly_minutes": minutes}, who=person)
    assert reply.status_code == 200, reply.text


async def study(world: World, people: list[UUID]) -> dict[str, Any]:
    programme = await world.programme(format="study_group", session_minutes=60)
    members = [{"person_id": str(one), "role": "participant"} for one in people[1:]]
    return await found(world, people[0], programme, members=members, membership="closed")


async def say(world: World, group: dict[str, Any], when: datetime, by: UUID, **changes: Any) -> Any:
    body = {"starts_at": when.isoformat(), **changes}
    return await world.call("POST", f"/v1/groups/{group['group_id']}/sessions", body, who=by)


async def test_a_time_somebody_states_keeps_to_the_week_of_everybody_who_is_needed(world: World) -> None:
    """C14."""
    people = await world.people(4)
    await set_aside(world, people[2], 100)
    group = await study(world, people)
    first = await add(world, people[0], group, monday())
    refused = await say(world, group, monday() + timedelta(days=1), people[0])
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/time-budget-used-up")
    assert (refused.json()["state"], refused.json()["people"]) == ("time used up", 1)
    assert str(people[2]) not in refused.text
    assert (await say(world, group, monday() + timedelta(days=1), people[0], minutes=40)).status_code == 201
    later = await add(world, people[0], group, monday() + timedelta(days=7))
    move = {"starts_at": (monday() + timedelta(days=2)).isoformat()}
    moved = await world.call("POST", f"/v1/sessions/{later}/move", move, who=people[0], if_match='"v1"')
    assert (moved.status_code, moved.json()["type"]) == (409, "/problems/time-budget-used-up")
    shorter = {"starts_at": (monday() + timedelta(hours=2)).isoformat(), "minutes": 50}
    assert (
        await world.call("POST", f"/v1/sessions/{first}/move", shorter, who=people[0], if_match='"v1"')
    ).status_code == 200


async def test_a_series_counts_its_own_sessions_and_is_refused_as_a_whole(world: World) -> None:
    """C14."""
    people = await world.people(4, time_budget_minutes=9000)
    await set_aside(world, people[1], 60)
    group = await study(world, people)
    rule = {"rrule": "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4", "starts_at": monday().replace(tzinfo=None).isoformat(),
            "time_zone": "UTC"}  # fmt: skip
    path = f"/v1/groups/{group['group_id']}/series"
    refused = await world.call("POST", path, rule, who=people[0])
    assert (refused.status_code, refused.json()["state"]) == (409, "time used up")
    assert await world.fetch("SELECT FROM sessions") == []
    weekly = {**rule, "rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=2"}
    assert (await world.call("POST", path, weekly, who=people[0])).status_code == 201


async def test_what_somebody_prepares_counts_in_their_week(world: World) -> None:
    """C14."""
    presenter, *others = await world.people(4)
    await set_aside(world, presenter, 80)
    for one in others:
        await set_aside(world, one, 45)
    programme = await world.programme(format="knowledge_sharing")
    members = [{"person_id": str(one), "role": "participant"} for one in others]
    group = await found(world, presenter, programme, members=members)
    refused = await say(world, group, monday(), presenter)
    assert (refused.status_code, refused.json()["people"]) == (409, 1)
    await set_aside(world, presenter, 90)
    assert (await say(world, group, monday(), presenter)).status_code == 201


async def test_an_open_group_meets_without_those_who_have_no_time_left(world: World) -> None:
    """C14, C25: they are not invited, and may still come by themselves."""
    people = await world.people(5)
    await set_aside(world, people[4], 30)
    programme = await world.programme(format="community_of_practice")
    members = [{"person_id": str(one), "role": "participant"} for one in people[1:]]
    group = await found(world, people[0], programme, members=members, charter="We share what we find.")
    session = await add(world, people[0], group, monday())
    invited = await world.fetch("SELECT person_id FROM participants WHERE session_id = $1", session)
    assert {row["person_id"] for row in invited} == set(people[:4])
    shown = (await world.call("GET", f"/v1/sessions/{session}", who=people[0])).json()
    assert shown["why"].endswith("1 of 5 are not invited: their time is used up")
    answer = {"answer": "accept", "rules_version": 1}
    assert (await world.call("POST", f"/v1/sessions/{session}/rsvp", answer, who=people[4])).status_code == 200


async def test_no_time_is_proposed_that_could_not_be_said(world: World) -> None:
    """C14."""
    people = await world.people(3)
    await set_aside(world, people[1], 60)
    group = await study(world, people)
    await add(world, people[0], group, monday())
    first = monday().date()
    path = f"/v1/groups/{group['group_id']}/proposals?first={first}&limit=20&last="
    week = (await world.call("GET", f"{path}{first + timedelta(days=4)}", who=people[1])).json()
    assert (week["items"], week["reason"]) == ([], "A member's time budget is used up")
    both = (await world.call("GET", f"{path}{first + timedelta(days=11)}", who=people[1])).json()["items"]
    assert both
    days = [datetime.fromisoformat(one["starts_at"]).date() for one in both]
    assert all(day >= first + timedelta(days=7) for day in days)


async def test_what_is_booked_moves_to_weeks_with_time_left_when_somebody_has_less_of_it(world: World) -> None:
    """C14: one rule for what is placed, proposed, stated and moved."""
    one, other = await world.people(2, time_budget_minutes=9000)
    for _ in range(2):
        programme = await world.programme(format="mentoring", group_size_max=2, session_minutes=60)
        await world.hear(pair(programme, one, other))
    before = await weeks(world)
    assert len(before) > len(set(before))
    await set_aside(world, one, 60)
    after = await weeks(world)
    assert (len(after), len(set(after))) == (len(before), len(before))
    (why, *_) = {str(row["why"]) for row in await world.fetch("SELECT why FROM sessions WHERE version = 2")}
    assert why == "Moved, because somebody's working hours, engagements or time budget have changed"
    await world.hear(person(other, 2, time_budget_minutes=30))
    assert await weeks(world) == after
    flags = [row["flag"] for row in await world.fetch("SELECT flag FROM sessions")]
    assert all("beyond their time budget" in str(flag) for flag in flags)
    await world.hear(person(other, 3, time_budget_minutes=9000))
    assert {row["flag"] for row in await world.fetch("SELECT flag FROM sessions")} == {None}


async def weeks(world: World) -> list[tuple[int, int]]:
    rows = await world.fetch("SELECT starts_at FROM sessions ORDER BY session_id")
    return [row["starts_at"].isocalendar()[:2] for row in rows]


async def test_a_programme_that_brings_in_the_past_keeps_to_budgets_from_now_on(world: World) -> None:
    """C14."""
    people = await world.people(3)
    await set_aside(world, people[2], 30)
    begun = str(monday().date() - timedelta(days=60))
    programme = await world.programme(format="study_group", session_minutes=60, backfill=True, starts_on=begun)
    members = [{"person_id": str(one), "role": "participant"} for one in people[1:]]
    group = await found(world, people[0], programme, members=members, membership="closed")
    assert (await say(world, group, monday() - timedelta(days=28), people[0])).status_code == 201
    refused = await say(world, group, monday(), people[0])
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/time-budget-used-up")


async def test_the_first_planning_of_a_programme_that_brings_in_the_past_keeps_to_budgets_from_now_on(
    world: World,
) -> None:
    """C14: what has been is placed whatever it took, and what lies ahead inside everybody's weeks and months."""
    people = await world.people(2)
    await set_aside(world, people[1], 60)
    dates: dict[str, Any] = {
        "starts_on": str(TODAY - timedelta(days=60)), "ends_on": str(TODAY + timedelta(days=60)), "backfill": True,
    }  # fmt: skip
    size: dict[str, Any] = {"group_size_min": 2, "group_size_max": 2, "cadence_days": 7}
    for minutes in (90, 45):
        programme = await world.programme(format="mentoring", session_minutes=minutes, **size, **dates)
        await world.hear(pair(programme, *people))
    query = "SELECT session_minutes, starts_at > now() AS ahead FROM sessions JOIN programmes USING (programme_id)"
    counts = Counter((row["session_minutes"], row["ahead"]) for row in await world.fetch(query))
    assert (counts[90, False] > 7, counts[90, True]) == (True, 0)
    assert (counts[45, False] > 7, counts[45, True] > 0) == (True, True)
    reasons = await world.fetch(
        "SELECT reason FROM groups JOIN programmes USING (programme_id) WHERE session_minutes = 90"
    )
    assert reasons[0]["reason"].endswith("have no time: A member's time budget is used up")
