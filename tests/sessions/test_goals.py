"""Goals that are renewed."""

from datetime import timedelta

from tests.sessions.conftest import TODAY, World

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
    for wrong, field in (({"due": str(TODAY - timedelta(days=1))}, "due"), ({"target": 0.35}, "target")):
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
