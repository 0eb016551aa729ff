"""What is asked after sessions: one question a week, answers without an author, forms that stand."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.commands import answers, prompts
from services.sessions.domain.follow_up import CHUNK, chunks, draw, pair
from services.sessions.domain.pulses import ROTATING, rotating
from tests.sessions.conftest import PAST, TODAY, World
from tests.sessions.events import circle

ITEMS = [{"code": f"i{number}", "text": f"Statement {number}"} for number in range(4)]
CHECK_IN = {"applied": 2, "frequency": 3, "effect": 4, "first_use_days": 5}


async def run(world: World, *timers: Any) -> list[int]:
    done = []
    for timer in timers:
        async with world.db.transaction() as conn:
            done.append(await timer(conn))
    return done


async def held(world: World, size: int, days_ago: int) -> tuple[UUID, UUID, list[UUID]]:
    """A programme and a session of it, held so many days ago, that everybody attended."""
    people = await world.people(size)
    programme = await world.programme(**PAST, group_size_max=8, group_size_min=4, cadence_days=14)
    await world.hear(circle(programme, people, None))
    ((session,),) = await world.fetch("SELECT session_id FROM sessions WHERE programme_id = $1 LIMIT 1", programme)
    await world.execute("DELETE FROM sessions WHERE session_id <> $1 AND programme_id = $2", session, programme)
    await world.execute(
        "UPDATE sessions SET state = 'held', changed_at = now(), starts_at = now() - make_interval(days => $1),"
        " ends_at = now() - make_interval(days => $1) + interval '1 hour' WHERE session_id = $2",
        days_ago, session,
    )  # fmt: skip
    await world.execute("UPDATE participants SET state = 'attended' WHERE session_id = $1", session)
    return programme, session, people


async def test_nobody_is_asked_more_than_once_a_week(world: World) -> None:
    """K10."""
    _, _, people = await held(world, 4, 1)
    await held(world, 4, 1)
    await world.execute("UPDATE participants SET person_id = $1 WHERE person_id IN (SELECT min(person_id::text)::uuid"
                        " FROM participants WHERE person_id <> ALL ($2::uuid[]))", people[0], people)  # fmt: skip
    await run(world, prompts.plan_prompts)
    waiting = await world.fetch("SELECT person_id FROM prompts WHERE kind = 'feedback'")
    assert Counter(row["person_id"] for row in waiting)[people[0]] == 2
    assert await run(world, prompts.send_prompts, prompts.send_prompts) == [7, 0]
    await world.execute("UPDATE prompts SET sent_on = sent_on - 7 WHERE sent_on IS NOT NULL")
    assert await run(world, prompts.send_prompts) == [1]
    sent = await world.fetch("SELECT person_id, about FROM messages WHERE kind = 'prompt'")
    assert Counter(row["person_id"] for row in sent)[people[0]] == 2
    assert {row["about"] for row in sent} == {"feedback"}


async def test_planning_again_and_after_an_outage_asks_nothing_twice_and_nothing_too_late(world: World) -> None:
    await held(world, 4, 40)
    await run(world, prompts.plan_prompts, prompts.plan_prompts)
    rows = await world.fetch("SELECT kind, count(*) AS people FROM prompts GROUP BY kind ORDER BY kind")
    assert [tuple(row) for row in rows] == [("check-in-30", 4), ("check-in-60", 4), ("check-in-90", 4)]
    await world.execute("UPDATE prompts SET expires_on = current_date - 1 WHERE kind = 'check-in-30'")
    assert await run(world, prompts.send_prompts) == [0]


async def test_check_ins_come_after_thirty_sixty_and_ninety_days(world: World) -> None:
    """K10."""
    _, session, _ = await held(world, 4, 3)
    await run(world, prompts.plan_prompts)
    rows = await world.fetch("SELECT DISTINCT kind, due_on FROM prompts WHERE subject_id = $1 ORDER BY due_on", session)
    ((day,),) = await world.fetch("SELECT starts_at::date FROM sessions WHERE session_id = $1", session)
    assert [(row["kind"], row["due_on"] - day) for row in rows][1:] == [
        (f"check-in-{days}", timedelta(days=days)) for days in (30, 60, 90)
    ]


async def test_a_check_in_is_taken_once_in_its_time_and_told_in_fives(world: World) -> None:
    """K11."""
    programme, session, people = await held(world, 5, 33)
    await run(world, prompts.plan_prompts)
    path = f"/v1/sessions/{session}/check-ins"
    early = await world.call("POST", f"{path}/60", CHECK_IN, who=people[0])
    assert (early.status_code, early.json()["type"], early.json()["state"]) == (409, "/problems/not-open", "not open")
    assert (await world.call("POST", f"{path}/30", CHECK_IN, who=uuid4())).status_code == 404
    for person in people[:4]:
        assert (await world.call("POST", f"{path}/30", CHECK_IN, who=person)).status_code == 202
    again = await world.call("POST", f"{path}/30", CHECK_IN, who=people[0])
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-answered")
    assert await run(world, answers.release_answers) == [0]
    last = {"applied": 0, "barrier": "time"}
    assert (await world.call("POST", f"{path}/30", last, who=people[4])).status_code == 202
    assert await run(world, answers.release_answers, answers.release_answers) == [1, 0]
    (event,) = await world.told("check-ins.released")
    assert (event["day"], event["programme_id"], event["division"], len(event["answers"])) == (
        30, str(programme), "sales", 5,
    )  # fmt: skip
    assert sorted(answer["applied"] for answer in event["answers"]) == [0, 2, 2, 2, 2]
    assert await world.fetch("SELECT FROM answer_cells WHERE cardinality(answers) > 0") == []
    assert not {"session_id", "person_id", "group_id"} & event.keys()


async def test_what_was_not_applied_has_no_effect(world: World) -> None:
    reply = await world.call("POST", f"/v1/sessions/{uuid4()}/check-ins/30", {"applied": 0, "effect": 2}, who=uuid4())
    assert reply.status_code == 422
    wrong_day = await world.call("POST", f"/v1/sessions/{uuid4()}/check-ins/45", CHECK_IN, who=uuid4())
    assert wrong_day.json()["errors"][0]["field"] == "day"


async def opened(
    world: World, size: int, kind: str = "survey", items: Any = ITEMS
) -> tuple[dict[str, Any], list[UUID]]:
    people = await world.people(size)
    programme = await world.programme(group_size_max=8, group_size_min=4)
    await world.hear(circle(programme, people, None))
    theme = "safety" if kind == "pulse" else "behaviour"
    form = (await world.own("POST", "/v1/forms", {"kind": kind, "theme": theme, "items": items})).json()
    body = {
        "programme_id": str(programme),
        "form_id": form["form_id"],
        "form_version": 1,
        "before_from": str(TODAY - timedelta(days=2)),
        "before_to": str(TODAY + timedelta(days=2)),
    }
    if kind == "survey":
        body |= {"after_from": str(TODAY + timedelta(days=3)), "after_to": str(TODAY + timedelta(days=9))}
    reply = await world.own("POST", "/v1/surveys", body)
    assert reply.status_code == 201, reply.text
    await run(world, prompts.plan_prompts)
    return reply.json(), people


async def answer(world: World, survey: str, person: UUID, wave: str, scores: Sequence[int], token: str | None) -> int:
    body = {"wave": wave, "scores": list(scores), "token": token}
    return (await world.call("POST", f"/v1/surveys/{survey}/answers", body, who=person)).status_code


async def second_wave(world: World) -> None:
    await world.execute(
        "UPDATE surveys SET before_from = current_date - 9, before_to = current_date - 2,"
        " after_from = current_date - 1, after_to = current_date + 2"
    )
    await run(world, prompts.plan_prompts)


async def test_before_and_after_are_paired_by_a_token_only_its_owner_has(world: World) -> None:
    """K6."""
    survey, people = await opened(world, 7)
    path = survey["survey_id"]
    tokens = {person: f"{person}".replace("-", "") for person in people}
    for number, person in enumerate(people):
        assert await answer(world, path, person, "before", (1, 1, 1, number % 5 + 1), tokens[person]) == 202
    assert await answer(world, path, people[0], "before", (1, 1, 1, 1), None) == 409
    await second_wave(world)
    for number, person in enumerate(people[:6]):
        token = None if number == 5 else tokens[person]
        assert await answer(world, path, person, "after", (5, 5, 5, number % 5 + 1), token) == 202
    kept = await world.fetch("SELECT answers::text AS answers FROM answer_cells")
    assert not [token for token in tokens.values() for row in kept if token in row["answers"]]
    await world.execute("UPDATE surveys SET after_to = current_date - 1")
    assert await run(world, answers.close_surveys, answers.close_surveys) == [1, 0]
    (event,) = await world.told("survey.paired")
    assert (event["asked"], event["before"], event["after"], len(event["pairs"])) == (7, 7, 6, 5)
    assert all(one["before"][3] == one["after"][3] for one in event["pairs"])
    assert sorted(one["before"][3] for one in event["pairs"]) == [1, 2, 3, 4, 5]
    assert await world.fetch("SELECT FROM answer_cells") == []


async def test_fewer_than_five_pairs_are_told_to_nobody_and_forgotten(world: World) -> None:
    survey, people = await opened(world, 5)
    for person in people[:4]:
        assert await answer(world, survey["survey_id"], person, "before", (1, 2, 3, 4), f"{person}") == 202
    await world.execute("UPDATE surveys SET before_from = current_date - 9, before_to = current_date - 8,"
                        " after_from = current_date - 7, after_to = current_date - 1")  # fmt: skip
    await run(world, answers.close_surveys)
    assert await world.told("survey.paired") == []
    assert await world.fetch("SELECT FROM answer_cells") == []
    (shown,) = (await world.own("GET", "/v1/surveys")).json()["items"]
    assert (shown["state"], shown["outcome"]) == ("closed", "fewer than five answered both times")


async def test_an_answer_leads_to_nobody(world: World) -> None:
    survey, people = await opened(world, 4)
    for number, person in enumerate(people, 1):
        await answer(world, survey["survey_id"], person, "before", (number,) * 4, f"{person}")
    rows = await world.fetch("SELECT c.answers FROM answer_cells c JOIN prompts p ON p.xmin = c.xmin")
    assert [len(row["answers"]) for row in rows] == [4]
    columns = await world.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'answer_cells' ORDER BY 1"
    )
    assert [row["column_name"] for row in columns] == [
        "answers", "division", "kind", "month", "programme_id", "round", "topic",
    ]  # fmt: skip
    keys = await world.fetch("SELECT DISTINCT fingerprint FROM idempotency_keys WHERE route LIKE '%answers'")
    assert len(keys) <= 1


async def test_a_pulse_is_two_of_seven_statements_and_told_in_fives(world: World) -> None:
    """C5."""
    survey, people = await opened(world, 5, "pulse", [])
    assert len(survey["items"]) == 2
    for person in people:
        assert await answer(world, survey["survey_id"], person, "pulse", (4, 2), None) == 202
    assert await run(world, answers.release_answers) == [1]
    (event,) = await world.told("pulse.released")
    assert (event["theme"], event["answers"]) == ("safety", [[4, 2]] * 5)
    assert [item["code"] for item in event["items"]] == [item["code"] for item in survey["items"]]


async def test_scores_must_fit_the_form(world: World) -> None:
    survey, people = await opened(world, 4)
    body = {"wave": "before", "scores": [1, 2]}
    reply = await world.call("POST", f"/v1/surveys/{survey['survey_id']}/answers", body, who=people[0])
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "scores")
    assert await answer(world, survey["survey_id"], people[0], "before", (1, 2, 3, 4), None) == 202


async def test_a_form_stands_once_it_is_open(world: World) -> None:
    survey, _ = await opened(world, 4)
    path = f"/v1/forms/{survey['form_id']}/versions"
    content = {"theme": "behaviour", "items": [*ITEMS[:3], {"code": "new", "text": "Something else"}]}
    frozen = await world.own("PUT", f"{path}/1", content)
    assert (frozen.status_code, frozen.json()["type"], frozen.json()["state"]) == (409, "/problems/form-frozen", "open")
    draft = await world.own("POST", path)
    assert (draft.json()["version"], draft.json()["state"]) == (2, "draft")
    assert (await world.own("POST", path)).json()["version"] == 2
    assert (await world.own("PUT", f"{path}/2", content)).json()["items"][3]["code"] == "new"
    assert (await world.own("PUT", f"{path}/3", content)).status_code == 404
    shown = (await world.own("GET", "/v1/surveys")).json()["items"]
    assert [item["code"] for item in shown[0]["items"]] == ["i0", "i1", "i2", "i3"]


async def test_a_draft_programme_asks_nobody(world: World) -> None:
    programme = await world.programme(publish=False)
    form = (await world.own("POST", "/v1/forms", {"kind": "survey", "theme": "x", "items": ITEMS})).json()
    body = {"programme_id": str(programme), "form_id": form["form_id"], "form_version": 1,
            "before_from": str(TODAY), "before_to": str(TODAY)}  # fmt: skip
    reply = await world.own("POST", "/v1/surveys", body)
    assert (reply.status_code, reply.json()["state"]) == (409, "draft")
    backwards = await world.own("POST", "/v1/surveys", {**body, "before_to": str(TODAY - timedelta(days=1))})
    assert backwards.status_code == 422


async def test_what_waits_is_listed_until_it_is_answered(world: World) -> None:
    survey, people = await opened(world, 4)
    (waiting,) = (await world.call("GET", "/v1/prompts", who=people[0])).json()["items"]
    assert (waiting["kind"], waiting["subject_id"]) == ("survey-before", survey["survey_id"])
    await answer(world, survey["survey_id"], people[0], "before", (1, 2, 3, 4), None)
    assert (await world.call("GET", "/v1/prompts", who=people[0])).json()["items"] == []


async def test_responses_are_counted_in_steps_of_five(world: World) -> None:
    survey, people = await opened(world, 6)
    await run(world, prompts.send_prompts)
    assert await run(world, prompts.count_responses, prompts.count_responses) == [1, 0]
    await answer(world, survey["survey_id"], people[0], "before", (1, 2, 3, 4), None)
    assert await run(world, prompts.count_responses) == [0]
    for person in people[1:]:
        await answer(world, survey["survey_id"], person, "before", (1, 2, 3, 4), None)
    await run(world, prompts.count_responses)
    counts = [(one["version"], one["asked"], one["answered"]) for one in await world.told("responses.counted")]
    assert counts == [(1, 6, 0), (2, 6, 6)]


@given(st.lists(st.integers(), min_size=5, max_size=40))
def test_what_is_drawn_leaves_in_fives_and_nothing_is_lost(values: list[int]) -> None:
    leaving, waiting = draw(values)
    assert len(leaving) % 5 == 0
    assert len(waiting) < 5
    assert Counter(leaving) + Counter(waiting) == Counter(values)


@given(st.integers(0, 3 * CHUNK))
def test_no_part_is_smaller_than_five_or_larger_than_a_record(count: int) -> None:
    parts = chunks(list(range(count)))
    assert all(5 <= len(part) <= CHUNK for part in parts)
    assert sum(map(len, parts)) == (count if count >= 5 else 0)


def test_a_token_used_twice_pairs_nobody() -> None:
    before: list[dict[str, Any]] = [
        {"t": "a", "s": [1]},
        {"t": "a", "s": [2]},
        {"t": "b", "s": [3]},
        {"t": None, "s": [4]},
    ]
    after: list[dict[str, Any]] = [{"t": "a", "s": [5]}, {"t": "b", "s": [4]}, {"t": None, "s": [4]}]
    assert [(one.before, one.after) for one in pair(before, after)] == [((3,), (4,))]


def test_as_many_turns_as_statements_ask_each_twice() -> None:
    for theme, items in ROTATING.items():
        asked = Counter(item["code"] for turn in range(len(items)) for item in rotating(turn, theme))
        assert asked == {item["code"]: 2 for item in items}


@pytest.mark.parametrize("items", [ITEMS[:3], [*ITEMS, ITEMS[0]], [{**one, "text": ""} for one in ITEMS]])
async def test_a_survey_form_has_four_to_six_distinct_statements(items: Any, world: World) -> None:
    assert (await world.own("POST", "/v1/forms", {"kind": "survey", "theme": "x", "items": items})).status_code == 422
