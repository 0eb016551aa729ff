"""Surveys that ask a third time, and those that ask teachers apart."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.sessions.commands import answers, prompts
from services.sessions.domain.pulses import ROTATING
from tests.sessions.conftest import TODAY, World
from tests.sessions.events import circle
from tests.sessions.test_follow_up import CHECK_IN, answer, held, opened, run, second_wave


async def close(world: World) -> list[dict[str, Any]]:
    await world.execute("UPDATE surveys SET later_to = current_date - 1, later_from = current_date - 1")
    await run(world, answers.close_surveys)
    return await world.told("survey.paired")


@pytest.mark.parametrize(("third", "told"), [(6, 6), (5, 5), (4, 0)])
async def test_a_third_wave_tells_what_has_stayed_of_five_people_or_nobody(world: World, third: int, told: int) -> None:
    """K11."""
    survey, people = await opened(world, 6)
    tokens = {person: f"{person}".replace("-", "") for person in people}
    await world.execute("UPDATE surveys SET later_from = current_date + 40, later_to = current_date + 50")
    for person in people:
        assert await answer(world, survey["survey_id"], person, "before", (1, 1, 1, 1), tokens[person]) == 202
    await second_wave(world)
    for person in people:
        assert await answer(world, survey["survey_id"], person, "after", (4, 4, 4, 4), tokens[person]) == 202
    await world.execute("UPDATE surveys SET after_to = current_date - 1")
    assert await run(world, answers.close_surveys) == [0]  # not over: a third wave is to come
    await world.execute("UPDATE surveys SET later_from = current_date, later_to = current_date + 9")
    await run(world, prompts.plan_prompts)
    for person in people[:third]:
        assert await answer(world, survey["survey_id"], person, "later", (3, 3, 3, 3), tokens[person]) == 202
    (event,) = await close(world)
    assert [pair["later"] for pair in event["pairs"] if pair["later"]] == [[3, 3, 3, 3]] * told
    assert await world.fetch("SELECT FROM answer_cells") == []


async def test_a_third_wave_begins_a_month_after_the_second(world: World) -> None:
    survey, _ = await opened(world, 4)
    days = {name: survey[name] for name in ("before_from", "before_to", "after_from", "after_to")}
    body = {"programme_id": survey["programme_id"], "form_id": survey["form_id"], "form_version": 1, **days}
    after = TODAY + timedelta(days=3)
    for later_from, later_to, status in ((29, 60, 422), (30, 29, 422), (30, None, 422), (30, 60, 201)):
        later = {"later_from": str(after + timedelta(days=later_from)),
                 "later_to": later_to and str(after + timedelta(days=later_to))}  # fmt: skip
        assert (await world.own("POST", "/v1/surveys", body | later)).status_code == status, later


async def test_a_survey_of_teachers_asks_those_alone_who_teach(world: World) -> None:
    """K22."""
    survey, people = await opened(world, 8)
    host, teacher, once, gone = people[:4]
    await world.execute("UPDATE group_members SET role = 'participant'")
    await world.execute("UPDATE participants SET role = 'participant'")
    await world.execute("UPDATE group_members SET role = 'teacher' WHERE person_id = $1", teacher)
    await world.execute("UPDATE participants SET role = 'host' WHERE person_id = $1", host)
    await world.execute("UPDATE participants SET taught = 2, state = 'attended' WHERE person_id = $1", once)
    await world.execute("UPDATE participants SET role = 'mentor', state = 'cancelled_early' WHERE person_id = $1", gone)
    days = {name: survey[name] for name in ("before_from", "before_to", "after_from", "after_to")}
    body = {"programme_id": survey["programme_id"], "form_id": survey["form_id"], "form_version": 1, **days}
    asked = (await world.own("POST", "/v1/surveys", body | {"arm": "teachers"})).json()
    await run(world, prompts.plan_prompts)
    rows = await world.fetch("SELECT person_id FROM prompts WHERE subject_id = $1", UUID(asked["survey_id"]))
    assert {row["person_id"] for row in rows} == {host, teacher, once}


async def test_a_pulse_on_belonging_asks_two_of_its_own_statements(world: World) -> None:
    """K20."""
    people = await world.people(5)
    programme = await world.programme(group_size_max=8, group_size_min=4)
    await world.hear(circle(programme, people, None))
    form = (await world.own("POST", "/v1/forms", {"kind": "pulse", "theme": "belonging", "items": []})).json()
    body = {"programme_id": str(programme), "form_id": form["form_id"], "form_version": 1,
            "before_from": str(TODAY - timedelta(days=1)), "before_to": str(TODAY + timedelta(days=2))}  # fmt: skip
    survey = (await world.own("POST", "/v1/surveys", body)).json()
    assert {item["code"] for item in survey["items"]} <= {item["code"] for item in ROTATING["belonging"]}
    await run(world, prompts.plan_prompts)
    for person in people:
        assert await answer(world, survey["survey_id"], person, "pulse", (4, 2), None) == 202
    await run(world, answers.release_answers)
    (event,) = await world.told("pulse.released")
    assert (event["theme"], len(event["items"]), event["answers"]) == ("belonging", 2, [[4, 2]] * 5)


async def test_minutes_saved_are_told_with_a_check_in(world: World) -> None:
    """K23: by those who can say; what was not used saves nothing."""
    _, session, people = await held(world, 5, 33)
    await run(world, prompts.plan_prompts)
    path = f"/v1/sessions/{session}/check-ins/30"
    assert (await world.call("POST", path, {"applied": 0, "minutes_saved": 5}, who=people[0])).status_code == 422
    for person, saved in zip(people, (0, 15, 30, 240, None), strict=True):
        assert (await world.call("POST", path, {**CHECK_IN, "minutes_saved": saved}, who=person)).status_code == 202
    await run(world, answers.release_answers)
    (event,) = await world.told("check-ins.released")
    told = [one["minutes_saved"] for one in event["answers"]]
    assert sorted(told, key=lambda saved: -1 if saved is None else saved) == [None, 0, 15, 30, 240]
