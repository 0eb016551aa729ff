"""Which form asks where: standard ones, own ones in versions that stand, pulses that open by themselves."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.sessions.commands import answers, prompts, surveys
from tests.sessions.conftest import PAST, TODAY, World
from tests.sessions.events import circle
from tests.sessions.test_follow_up import held, run

OWN = [{"code": "kept-flow", "text": "It kept flowing."}, {"code": "heard", "text": "Everybody was heard."}]
STANDARD = {"usefulness": 5, "relevance": 4, "engagement": 5}


async def form(world: World, kind: str = "feedback", items: Any = OWN, theme: str = "own") -> str:
    reply = await world.own("POST", "/v1/forms", {"kind": kind, "theme": theme, "items": items})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["form_id"])


async def choose(world: World, programme: UUID, kind: str, form_id: str | None, version: int = 1, **more: Any) -> Any:
    body = {"form_id": form_id, "form_version": version if form_id else None, **more}
    return await world.own("PUT", f"/v1/programmes/{programme}/forms/{kind}", body)


def own(form_id: str, scores: list[int], version: int = 1) -> dict[str, Any]:
    return {"own": {"form_id": form_id, "form_version": version, "scores": scores}}


async def test_the_standard_form_asks_until_a_programme_has_its_own(world: World) -> None:
    programme, session, people = await held(world, 5, 1)
    path = f"/v1/sessions/{session}/feedback"
    asked = (await world.call("GET", f"{path}-form", who=people[0])).json()
    assert (asked["form_id"], [item["code"] for item in asked["items"]]) == (None, list(STANDARD))
    assert (await world.call("GET", f"{path}-form", who=uuid4())).status_code == 404
    form_id = await form(world)
    assert (await choose(world, programme, "feedback", form_id)).status_code == 200
    asked = (await world.call("GET", f"{path}-form", who=people[0])).json()
    assert (asked["form_id"], asked["form_version"], len(asked["items"])) == (form_id, 1, 2)
    refused = await world.call("POST", path, STANDARD, who=people[0])
    assert (refused.status_code, refused.json()["type"], refused.json()["form_id"]) == (
        409, "/problems/other-form", form_id,
    )  # fmt: skip
    assert (await world.own("DELETE", f"/v1/programmes/{programme}/forms/feedback")).status_code == 204
    refused = await world.call("POST", path, own(form_id, [1, 2]), who=people[0])
    assert (refused.status_code, refused.json()["form_id"]) == (409, None)
    assert (await world.call("POST", path, STANDARD, who=people[0])).status_code == 202


async def test_answers_to_an_own_form_carry_its_version_and_are_told_in_fives(world: World) -> None:
    programme, session, people = await held(world, 6, 1)
    form_id = await form(world)
    await choose(world, programme, "feedback", form_id)
    path = f"/v1/sessions/{session}/feedback"
    for number, one in enumerate(people[:5]):
        assert (await world.call("POST", path, own(form_id, [number % 5 + 1, 4]), who=one)).status_code == 202
        again = await world.call("POST", path, own(form_id, [1, 1]), who=one)
        assert (again.status_code, again.json()["type"]) == (409, "/problems/feedback-already-given")
    frozen = await world.own("PUT", f"/v1/forms/{form_id}/versions/1", {"theme": "own", "items": OWN[:1]})
    assert (frozen.status_code, frozen.json()["type"]) == (409, "/problems/form-frozen")
    await world.own("POST", f"/v1/forms/{form_id}/versions")
    await world.own("PUT", f"/v1/forms/{form_id}/versions/2", {"theme": "own", "items": OWN[:1]})
    await choose(world, programme, "feedback", form_id, 2)
    old = await world.call("POST", path, own(form_id, [1, 1]), who=people[5])
    assert (old.status_code, old.json()["form_version"]) == (409, 2)
    assert (await world.call("POST", path, own(form_id, [1], 2), who=people[5])).status_code == 202
    assert await run(world, answers.release_answers, answers.release_answers) == [1, 0]
    (event,) = await world.told("form-answers.released")
    assert (event["form_id"], event["form_version"], event["programme_id"]) == (form_id, 1, str(programme))
    assert sorted(event["answers"]) == [[score, 4] for score in range(1, 6)]
    assert not {"session_id", "person_id", "group_id"} & event.keys()
    shown = (await world.own("GET", f"/v1/programmes/{programme}/forms")).json()
    assert [(one["form_version"], one["answers"], one["means"]) for one in shown["results"]] == [
        (1, 5, [{"code": "kept-flow", "mean": 3.0}, {"code": "heard", "mean": 4.0}])
    ]
    assert await world.told("feedback.released") == []


async def test_three_questions_are_the_most_and_each_is_answered(world: World) -> None:
    """C22."""
    many = [{"code": f"i{number}", "text": "x"} for number in range(4)]
    refused = await world.own("POST", "/v1/forms", {"kind": "feedback", "theme": "own", "items": many})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "items")
    form_id = await form(world)
    larger = await world.own("PUT", f"/v1/forms/{form_id}/versions/1", {"theme": "own", "items": many})
    assert (larger.status_code, larger.json()["errors"][0]["field"]) == (422, "items")
    programme, session, people = await held(world, 4, 1)
    path = f"/v1/sessions/{session}/feedback"
    part = await world.call("POST", path, {"usefulness": 1}, who=people[0])
    assert (part.status_code, part.json()["errors"][0]["field"]) == (422, "relevance")
    await choose(world, programme, "feedback", form_id)
    both = await world.call("POST", path, {**own(form_id, [1, 2]), "usefulness": 1}, who=people[0])
    assert (both.status_code, both.json()["errors"][0]["field"]) == (422, "usefulness")
    few = await world.call("POST", path, own(form_id, [1]), who=people[0])
    assert (few.status_code, few.json()["errors"][0]["field"]) == (422, "scores")
    assert (await world.call("POST", path, own(form_id, [1, 2]), who=people[0])).status_code == 202


RECOMMEND = {"code": "recommend", "text": "I would recommend it to a colleague.", "scale": "recommendation"}


async def test_whether_people_would_recommend_it_is_told_apart_from_what_else_they_say(world: World) -> None:
    """K4."""
    programme, session, people = await held(world, 5, 1)
    form_id = await form(world, items=[OWN[0], RECOMMEND])
    await choose(world, programme, "feedback", form_id)
    path = f"/v1/sessions/{session}/feedback"
    for scores, field in (([6, 9], "scores.0"), ([0, 9], "scores.0"), ([5, 11], "own.scores.1")):
        refused = await world.call("POST", path, own(form_id, scores), who=people[0])
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    for one, scores in zip(people, ([1, 10], [2, 9], [3, 8], [4, 0], [5, 6]), strict=True):
        assert (await world.call("POST", path, own(form_id, scores), who=one)).status_code == 202
    assert await run(world, answers.release_answers) == [1]
    (event,) = await world.told("form-answers.released")
    assert ([item["code"] for item in event["items"]], sorted(event["answers"]), event["recommended"]) == (
        ["kept-flow"], [[1], [2], [3], [4], [5]], [0, 6, 8, 9, 10],
    )  # fmt: skip
    (shown,) = (await world.own("GET", f"/v1/programmes/{programme}/forms")).json()["results"]
    assert (shown["score"], shown["means"][1]) == (3.0, {"code": "recommend", "mean": 6.6})


@pytest.mark.parametrize(
    ("kind", "items"),
    [
        ("feedback", [RECOMMEND]),
        ("feedback", [OWN[0], RECOMMEND, {**RECOMMEND, "code": "again"}]),
        ("feedback", [OWN[0], {**RECOMMEND, "reverse": True}]),
        ("pulse", [OWN[0], RECOMMEND]),
    ],
)
async def test_a_recommendation_is_asked_once_and_beside_a_statement(kind: str, items: Any, world: World) -> None:
    refused = await world.own("POST", "/v1/forms", {"kind": kind, "theme": "own", "items": items})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].endswith(".scale")


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("feedback", {}, "form_id"),
        ("feedback", {"form_id": str(uuid4())}, "form_version"),
        ("pulse", {"form_version": 1}, "form_id"),
        ("pulse", {"every_days": 3}, "every_days"),
    ],
)
async def test_a_choice_names_what_is_wrong_with_it(kind: str, body: Any, field: str, world: World) -> None:
    programme = await world.programme()
    reply = await world.own("PUT", f"/v1/programmes/{programme}/forms/{kind}", body)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)


async def test_a_form_asks_only_what_it_is_for_and_where_people_are(world: World) -> None:
    programme, draft = await world.programme(), await world.programme(publish=False)
    form_id = await form(world)
    wrong = await choose(world, programme, "pulse", form_id)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "form_id")
    assert (await choose(world, programme, "feedback", str(uuid4()))).status_code == 404
    early = await choose(world, draft, "feedback", form_id)
    assert (early.status_code, early.json()["state"]) == (409, "draft")
    day = str(TODAY)
    body = {"programme_id": str(programme), "form_id": form_id, "form_version": 1, "before_from": day, "before_to": day}
    survey = await world.own("POST", "/v1/surveys", body)
    assert (survey.status_code, survey.json()["errors"][0]["field"]) == (422, "form_id")


async def running(world: World, size: int, days: int) -> tuple[UUID, list[UUID]]:
    """A programme of that many people that began so many days ago and meets every fortnight."""
    people = await world.people(size)
    programme = await world.programme(group_size_max=8, group_size_min=4, cadence_days=14)
    await world.hear(circle(programme, people, None))
    await world.execute(
        "UPDATE programmes SET starts_on = current_date - $2::int WHERE programme_id = $1", programme, days
    )
    return programme, people


async def test_pulses_of_two_items_open_by_the_programmes_cadence(world: World) -> None:
    programme, people = await running(world, 5, 13)
    assert await run(world, surveys.open_pulses) == [0]
    await world.execute("UPDATE programmes SET starts_on = current_date - 15")
    assert await run(world, surveys.open_pulses, surveys.open_pulses) == [1, 0]
    (pulse,) = (await world.own("GET", f"/v1/surveys?programme_id={programme}")).json()["items"]
    assert (pulse["kind"], pulse["theme"], len(pulse["items"])) == ("pulse", "safety", 2)
    await run(world, prompts.plan_prompts)
    for one in people:
        body = {"wave": "pulse", "scores": [4, 2]}
        reply = await world.call("POST", f"/v1/surveys/{pulse['survey_id']}/answers", body, who=one)
        assert reply.status_code == 202, reply.text
    await run(world, answers.release_answers)
    (event,) = await world.told("pulse.released")
    assert (event["form_id"], event["form_version"]) == (pulse["form_id"], 1)
    # After an outage of three turns, one is opened, and it asks other statements.
    await world.execute("UPDATE programmes SET starts_on = current_date - 57")
    assert await run(world, surveys.open_pulses, surveys.open_pulses) == [1, 0]
    opened = (await world.own("GET", f"/v1/surveys?programme_id={programme}")).json()["items"]
    assert len(opened) == 2
    assert opened[0]["items"] != opened[1]["items"]


async def test_no_pulse_asks_fewer_than_five_or_where_none_is_wanted(world: World) -> None:
    await running(world, 4, 20)
    programme, _ = await running(world, 5, 20)
    assert (await choose(world, programme, "pulse", None)).status_code == 200
    past = await world.programme(**PAST)
    assert await run(world, surveys.open_pulses) == [0]
    assert past
    two = [{"code": "a", "text": "A."}, {"code": "b", "text": "B."}]
    form_id = await form(world, "pulse", two, "belonging")
    await choose(world, programme, "pulse", form_id, every_days=30)
    assert await run(world, surveys.open_pulses) == [0]
    await choose(world, programme, "pulse", form_id, every_days=10)
    assert await run(world, surveys.open_pulses) == [1]
    (pulse,) = (await world.own("GET", f"/v1/surveys?programme_id={programme}")).json()["items"]
    assert (pulse["form_id"], pulse["theme"], pulse["before_to"]) == (
        form_id, "belonging", str(TODAY + timedelta(days=6)),
    )  # fmt: skip


async def test_a_pulse_waits_a_week_after_another_question(world: World) -> None:
    _, people = await running(world, 5, 15)
    await run(world, surveys.open_pulses, prompts.plan_prompts)
    await world.execute(
        "INSERT INTO prompts (person_id, kind, subject_id, programme_id, due_on, expires_on, sent_on)"
        " SELECT $1, 'feedback', gen_random_uuid(), programme_id, current_date, current_date, current_date"
        " FROM programmes",
        people[0],
    )
    assert await run(world, prompts.send_prompts) == [4]
