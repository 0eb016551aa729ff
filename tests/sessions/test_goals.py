"""Goals that can be reached, and goals that are renewed."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sessions.conftest import PROGRAMME, TODAY, World

GOAL = {"measure": "participation_rate", "baseline": 0.1, "target": 0.4}


async def flags(world: World, path: str) -> dict[str, int]:
    reply = await world.own("GET", path)
    assert reply.status_code == 200, reply.text
    return {flag["code"]: flag["count"] for flag in reply.json()["red_flags"]}


async def test_a_goal_that_has_ended_begins_anew_where_it_came_to(world: World) -> None:
    """C24: renewed with the result as the next baseline, history kept, told with the day it is measured from."""
    running = {"measure": "attendance_rate", "baseline": 0.5, "target": 0.8, "due": str(TODAY + timedelta(days=90))}
    (sponsor,) = await world.people(1)
    goals = [{**GOAL, "due": str(TODAY + timedelta(days=2))}, running]
    programme = await world.programme(sponsor_id=str(sponsor), goals=goals)
    path = f"/v1/programmes/{programme}/goal-renewals"
    later = str(TODAY + timedelta(days=300))
    body = {"measure": "participation_rate", "result": 0.35, "target": 0.5, "due": later}
    health = f"/v1/programmes/{programme}/health"
    assert await flags(world, health) == {}
    early = await world.own("POST", path, body, if_match='"v2"')
    assert (early.status_code, early.json()["type"]) == (409, "/problems/goal-still-running")
    await world.execute("UPDATE programmes SET goals = jsonb_set(goals, '{0,due}', to_jsonb((current_date - 9)::text))")
    assert await flags(world, health) == {"goal_overdue": 1}
    assert (await world.own("POST", path, body)).status_code == 428
    assert (await world.own("POST", path, body, if_match='"v1"')).status_code == 412
    assert (await world.own("POST", path, {**body, "measure": "x"}, if_match='"v2"')).status_code == 404
    for wrong, field in (
        ({"due": str(TODAY - timedelta(days=1))}, "due"),
        ({"due": str(TODAY + timedelta(days=56 + 367))}, "due"),
        ({"target": 0.35}, "target"),
        ({"target": 0.3}, "target"),
    ):
        reply = await world.own("POST", path, {**body, **wrong}, if_match='"v2"')
        assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)
    goals = (await world.own("POST", path, body, if_match='"v2"')).json()["goals"]
    assert (goals[0]["baseline"], goals[0]["target"], goals[0]["due"]) == (0.35, 0.5, later)
    assert goals[0]["since"] is not None
    assert (goals[1]["measure"], goals[1]["since"]) == ("attendance_rate", None)
    event = (await world.told("programme.changed"))[-1]
    assert (event["goals"][0]["baseline"], event["version"]) == (0.35, 3)
    (term,) = (await world.own("GET", f"/v1/programmes/{programme}/goal-history")).json()["items"]
    assert (term["baseline"], term["target"], term["result"]) == (0.1, 0.4, 0.35)
    assert await flags(world, health) == {}
    assert (await world.call("POST", path, body)).status_code == 403
    again = [
        {**running, "target": 0.9},
        {"measure": "participation_rate", "baseline": 0.35, "target": 0.6, "due": later},
    ]
    changed = await world.own("PATCH", f"/v1/programmes/{programme}", {"goals": again}, if_match='"v3"')
    assert changed.status_code == 200, changed.text
    kept = (await world.told("programme.changed"))[-1]["goals"]
    assert [(goal["target"], goal["since"]) for goal in kept] == [(0.9, None), (0.6, event["goals"][0]["since"])]


DUE = {"due": str(TODAY + timedelta(days=30))}
DOWN = {"measure": "no_show_rate", "baseline": 0.3, "target": 0.1}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({**GOAL, "measure": "wishes"}, "measure"),
    ({**GOAL, "measure": "freshness_seconds"}, "measure"),
    ({**GOAL, "target": 40}, "target"),
    ({**GOAL, "target": 0.1}, "target"),
    ({**GOAL, "target": 0.05}, "target"),
    ({**DOWN, "target": 0.4}, "target"),
    ({**GOAL, "due": str(TODAY)}, "due"),
    (DOWN, "measure"),
    ({**GOAL, "due": str(TODAY + timedelta(days=56 + 367))}, "due"),
]


@pytest.mark.parametrize(("goal", "field"), WRONG)
async def test_a_goal_that_could_never_be_reached_or_measured_is_refused_by_its_field(
    goal: dict[str, Any], field: str, world: World
) -> None:
    """K1: where it is set, where it is changed, and where it was set by an older release and is published."""
    goals = [{**DOWN, **DUE}, {**DUE, **goal}]
    right = await world.programme(publish=False, goals=goals[:1])
    path = f"/v1/programmes/{right}"
    await world.execute("UPDATE programmes SET goals = $1", goals)
    asked = [
        await world.own("POST", "/v1/programmes", {**PROGRAMME, "goals": goals}),
        await world.own("PATCH", path, {"goals": [*goals, goals[0]]}, if_match='"v1"'),
        await world.own("POST", f"{path}/publish"),
    ]
    assert [(reply.status_code, reply.json()["errors"][0]["field"]) for reply in asked] == [
        (422, f"goals.1.{field}")
    ] * 3
    renamed = await world.own("PATCH", path, {"name": "Another name"}, if_match='"v1"')
    assert renamed.status_code == 200  # what an older release has taken is in nobody's way


async def test_a_programme_does_not_begin_after_its_goals_are_due(world: World) -> None:
    programme = await world.programme(publish=False, goals=[{**GOAL, **DUE}])
    later = {"starts_on": str(TODAY + timedelta(days=40))}
    reply = await world.own("PATCH", f"/v1/programmes/{programme}", later, if_match='"v1"')
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "goals.0.due")
