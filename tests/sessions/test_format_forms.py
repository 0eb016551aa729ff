"""What is asked after a session of each format, which version of it, and what the answers say of the sessions."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.commands import answers, feedback, prompts
from services.sessions.domain.catalogue import ALL
from services.sessions.domain.feedback import CROWD, quality, told_in_tens
from services.sessions.domain.forms import MOST_QUESTIONS, STANDARD_FORMS
from tests.sessions.conftest import PAST, World
from tests.sessions.events import circle
from tests.sessions.test_follow_up import run

FIRST = {"usefulness": 5, "relevance": 4, "engagement": 5}


async def held_as(world: World, format_: str, size: int = 5, **changes: Any) -> tuple[UUID, UUID, list[UUID]]:
    """A programme of circles, one session of which was held in this format, and who was there."""
    people = await world.people(size)
    programme = await world.programme(**PAST, group_size_max=8, cadence_days=14, **changes)
    await world.hear(circle(programme, people, None))
    ((session,),) = await world.fetch("SELECT session_id FROM sessions WHERE programme_id = $1 LIMIT 1", programme)
    await world.execute("DELETE FROM sessions WHERE session_id <> $1 AND programme_id = $2", session, programme)
    await world.execute(
        "UPDATE sessions SET state = 'held', format = $2, changed_at = now(), ends_at = now() - interval '1 day',"
        " starts_at = now() - interval '25 hours' WHERE session_id = $1",
        session, format_,
    )  # fmt: skip
    await world.execute("UPDATE participants SET state = 'attended' WHERE session_id = $1", session)
    return programme, session, people


async def asked(world: World, session: UUID, who: UUID) -> Any:
    return (await world.call("GET", f"/v1/sessions/{session}/feedback-form", who=who)).json()


async def answer(world: World, session: UUID, who: UUID, body: Any) -> Any:
    return await world.call("POST", f"/v1/sessions/{session}/feedback", body, who=who)


def own(form: Any, scores: list[int]) -> dict[str, Any]:
    return {"own": {"form_id": form["form_id"], "form_version": form["form_version"], "scores": scores}}


async def test_every_form_a_format_names_asks_three_questions_at_most_and_stands(world: World) -> None:
    assert {shape.feedback_form for shape in ALL} == {"reaction", "none", *STANDARD_FORMS}
    for name, form_id in STANDARD_FORMS.items():
        (form,) = (await world.own("GET", f"/v1/forms?form_id={form_id}")).json()["items"]
        assert (form["kind"], form["theme"], form["state"]) == ("feedback", name, "open")
        assert 0 < len(form["items"]) <= MOST_QUESTIONS
        assert form["items"][0]["code"] == "usefulness"
        body = {"theme": "other", "items": form["items"][:1]}
        changed = await world.own("PUT", f"/v1/forms/{form_id}/versions/1", body)
        assert (changed.status_code, changed.json()["type"]) == (409, "/problems/form-frozen")


@pytest.mark.parametrize(
    ("format_", "codes"),
    [
        ("critique_group", ["usefulness", "honesty", "empathy"]),
        ("job_shadowing", ["usefulness", "relevance", "intention"]),
        ("office_hours", ["usefulness", "engagement"]),
    ],
)
async def test_a_session_asks_the_form_of_its_format_and_tells_it_in_fives(
    format_: str, codes: list[str], world: World
) -> None:
    programme, session, people = await held_as(world, format_)
    form = await asked(world, session, people[0])
    assert [item["code"] for item in form["items"]] == codes
    first = await answer(world, session, people[0], FIRST)
    assert (first.status_code, first.json()["form_id"]) == (409, form["form_id"])
    for one in people:
        assert (await answer(world, session, one, own(form, [4] * len(codes)))).status_code == 202
    assert await run(world, answers.release_answers) == [1]
    (event,) = await world.told("form-answers.released")
    assert (event["format"], event["programme_id"], len(event["answers"])) == (format_, str(programme), 5)
    assert [item["code"] for item in event["items"]] == codes
    shown = (await world.own("GET", f"/v1/sessions/{session}/feedback")).json()
    assert (shown["answers"], shown["suppressed"], shown["usefulness"]) == (5, False, None)
    (result,) = shown["forms"]
    assert [mean["code"] for mean in result["means"]] == codes
    assert (result["score"], shown["quality"]) == (4.0, round((30 + 20) / 15, 2))


async def test_nothing_is_asked_after_a_lunch_unless_somebody_chose_a_form(world: World) -> None:
    _, session, people = await held_as(world, "lunch_and_learn")
    assert (await asked(world, session, people[0]))["items"] == []
    refused = await answer(world, session, people[0], FIRST)
    assert (refused.status_code, refused.json()["state"], refused.json()["type"]) == (
        409, "nothing asked", "/problems/nothing-asked",
    )  # fmt: skip
    await run(world, prompts.plan_prompts)
    assert await world.fetch("SELECT FROM prompts WHERE kind = 'feedback'") == []
    body = {"form_id": str(STANDARD_FORMS["pulse"]), "form_version": 1}
    path = "/v1/formats/lunch_and_learn/form"
    assert (await world.call("PUT", path, body)).status_code == 403
    assert (await world.own("PUT", "/v1/formats/lecture/form", body)).status_code == 404
    assert (await world.own("PUT", path, {**body, "form_version": 2})).status_code == 404
    assert (await world.own("PUT", path, body)).status_code == 204
    await world.execute("UPDATE sessions SET changed_at = now()")
    await run(world, prompts.plan_prompts)
    assert len(await world.fetch("SELECT FROM prompts WHERE kind = 'feedback'")) == len(people)
    form = await asked(world, session, people[0])
    assert (await answer(world, session, people[0], own(form, [5, 5]))).status_code == 202
    assert (await world.own("DELETE", path)).status_code == 204
    assert (await answer(world, session, people[1], own(form, [5, 5]))).status_code == 409


async def test_a_format_asks_another_version_once_it_is_chosen_and_a_programme_has_the_last_word(world: World) -> None:
    programme, session, people = await held_as(world, "critique_group")
    form_id = str(STANDARD_FORMS["critique"])
    draft = (await world.own("POST", f"/v1/forms/{form_id}/versions")).json()
    body = {"theme": "critique", "items": draft["items"][:2]}
    assert (await world.own("PUT", f"/v1/forms/{form_id}/versions/2", body)).status_code == 200
    assert (await asked(world, session, people[0]))["form_version"] == 1
    choice = {"form_id": form_id, "form_version": 2}
    assert (await world.own("PUT", "/v1/formats/critique_group/form", choice)).status_code == 204
    assert (await world.own("PUT", f"/v1/forms/{form_id}/versions/2", body)).status_code == 409
    form = await asked(world, session, people[0])
    assert (form["form_version"], len(form["items"])) == (2, 2)
    late = await answer(world, session, people[0], own({"form_id": form_id, "form_version": 1}, [1, 1, 1]))
    assert (late.status_code, late.json()["form_version"]) == (409, 2)
    debrief = {"form_id": str(STANDARD_FORMS["debrief"]), "form_version": 1}
    assert (await world.own("PUT", f"/v1/programmes/{programme}/forms/feedback", debrief)).status_code == 200
    assert (await asked(world, session, people[0]))["form_id"] == debrief["form_id"]
    wrong = await world.own("PUT", "/v1/formats/critique_group/form", {"form_id": form_id, "form_version": 0})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "form_version")


async def test_the_quality_of_sessions_says_nothing_before_five_have_answered(world: World) -> None:
    _, session, people = await held_as(world, "peer_discussion")
    for one in people[:4]:
        assert (await answer(world, session, one, FIRST)).status_code == 202
    await run(world, feedback.release_feedback)
    path = f"/v1/sessions/{session}/feedback"
    shown = (await world.own("GET", path)).json()
    assert (shown["answers"], shown["quality"], shown["suppressed"]) == (0, None, True)
    assert (await answer(world, session, people[4], FIRST)).status_code == 202
    await run(world, feedback.release_feedback)
    shown = (await world.own("GET", path)).json()
    assert (shown["answers"], shown["quality"], shown["forms"]) == (5, round((30 + 5 * 14 / 3) / 15, 2), [])


@given(st.lists(st.tuples(st.integers(5, 500), st.floats(1, 5)), max_size=4))
def test_quality_lies_between_the_middle_and_what_was_said_and_more_answers_weigh_more(
    scores: list[tuple[int, float]],
) -> None:
    found = quality(scores)
    if not scores:
        assert found is None
        return
    assert found is not None
    total = sum(count for count, _ in scores)
    mean = sum(count * score for count, score in scores) / total
    assert min(3, mean) - 0.01 <= found <= max(3, mean) + 0.01
    more = quality([(2 * count, score) for count, score in scores])
    assert more is not None
    assert abs(more - mean) <= abs(found - mean) + 0.01


async def test_owners_read_comments_of_ten_people_at_a_time_and_none_of_a_closed_programme(world: World) -> None:
    programme, session, people = await held_as(world, "peer_discussion", size=7, confidentiality="open")
    path = f"/v1/programmes/{programme}/comments"

    async def told(count: int, comment: str, days_ago: int) -> list[Any]:
        await world.execute(
            "INSERT INTO feedback_batches (batch_id, programme_id, format, division, month, released_on, answers,"
            " usefulness, relevance, engagement, comments) SELECT gen_random_uuid(), $1, 'peer_discussion', 'sales',"
            " date_trunc('month', starts_at, 'UTC')::date, current_date - $5::int, $3, 1, 1, 1, ARRAY[$4]"
            " FROM sessions WHERE session_id = $2",
            programme, session, count, comment, days_ago,
        )  # fmt: skip
        return [one["comments"] for one in (await world.own("GET", path)).json()["items"]]

    assert await told(5, "b", 9) == []
    assert await told(5, "a", 8) == [["a", "b"]]
    assert await told(5, "c", 7) == [["a", "b"]]
    assert len((await told(10, "d", 6))[0]) == 4
    assert len((await told(10, "e", 0))[0]) == 4
    assert (await world.call("GET", path, who=people[0])).status_code == 403
    read = await world.fetch("SELECT object FROM audit WHERE object = $1", path)
    assert len(read) >= 4
    await world.execute("UPDATE programmes SET confidentiality = 'closed'")
    assert (await world.own("GET", path)).json()["items"] == []


@given(st.lists(st.integers(1, 4).map(lambda fives: 5 * fives)))
def test_one_more_batch_tells_comments_of_ten_people_more_or_none(sizes: list[int]) -> None:
    batches = [(size, [f"{number:04}"]) for number, size in enumerate(sizes)]
    for count in range(len(batches)):
        new = set(told_in_tens(batches[: count + 1])) - set(told_in_tens(batches[:count]))
        assert not new or sum(sizes[int(comment)] for comment in new) >= CROWD
