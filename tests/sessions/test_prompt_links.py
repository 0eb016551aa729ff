"""Links to check-ins, surveys, pulses and the statements on a facilitator: each asks its own questions, once."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.sessions.commands import answers
from services.sessions.commands.prompts import plan_prompts, send_prompts
from tests.sessions.conftest import World
from tests.sessions.events import contact
from tests.sessions.mailbox import Mailbox, deliver, serving_mailbox
from tests.sessions.test_feedback_links import LINK, Form
from tests.sessions.test_follow_up import held, opened, run, second_wave
from tests.sessions.test_quiet import WEEK, zone_at

CHECK_IN = {"applied": "3", "frequency": "2", "effect": "4", "first_use_days": "", "minutes_saved": "90"}


async def mailed(world: World, box: Mailbox, people: list[UUID]) -> dict[UUID, str]:
    """Ask everybody at a good hour of theirs; the token that each was sent."""
    await world.execute(
        "UPDATE people SET time_zone = $1, work_starts = $2, work_ends = $3, work_days = $4",
        zone_at(12), *WEEK.values(),
    )  # fmt: skip
    for number, one in enumerate(people):
        await world.hear(contact(one, email=f"p{number}@example.org"))
    await world.execute("UPDATE prompts SET sent_on = sent_on - 7 WHERE sent_on IS NOT NULL")
    await run(world, plan_prompts, send_prompts)
    mails = await deliver(world, box, queue=False)
    names = [str(mail["To"].addresses[0].username).removeprefix("p") for mail in mails]
    links = [LINK.findall(mail.get_content()) for mail in mails]
    return {people[int(name)]: found[0] for name, found in zip(names, links, strict=True) if found}


async def send(world: World, token: str, **fields: str) -> httpx.Response:
    """The page's own form with these fields filled in."""
    page = await world.client.get(f"/feedback/{token}")
    assert page.status_code == 200, page.text
    return await world.client.post("/feedback", data={**Form.on(page.text).said, **fields})


@pytest.mark.parametrize("day", [30, 60, 90])
async def test_a_check_in_is_answered_by_its_link(day: int, world: World) -> None:
    """K10, C22."""
    _, session, people = await held(world, 5, day)
    async with serving_mailbox() as box:
        tokens = await mailed(world, box, people)
    assert len(tokens) == 5
    first = tokens[people[0]]
    page = (await world.client.get(f"/feedback/{first}")).text
    assert "Have you used it?" in page
    assert str(session) not in page
    for wrong in ({**CHECK_IN, "applied": ""}, {**CHECK_IN, "applied": "0"}, {**CHECK_IN, "effect": "5"}):
        again = await send(world, first, **wrong)
        assert (again.status_code, "after 0 uses" in again.text) == (422, True), wrong
        assert ('value="90"' in again.text, "Not sent yet" in again.text) == (True, True)
    assert (await send(world, first, applied="0", barrier="time")).status_code == 200
    assert (await world.client.get(f"/feedback/{first}")).status_code == 409
    path = f"/v1/sessions/{session}/check-ins/{day}"
    assert (await world.call("POST", path, {"applied": 1}, who=people[0])).status_code == 409
    for token in [tokens[person] for person in people[1:]]:
        assert (await send(world, token, **CHECK_IN)).status_code == 200
    await run(world, answers.release_answers)
    (event,) = await world.told("check-ins.released")
    told = sorted(event["answers"], key=lambda one: one["applied"])
    assert (event["day"], told[0]["applied"], told[0]["barrier"]) == (day, 0, "time")
    used = {"applied": 3, "frequency": 2, "effect": 4, "first_use_days": None, "barrier": None, "minutes_saved": 90}
    assert told[1:] == [used] * 4


async def test_a_survey_is_paired_by_the_code_that_its_page_gives_and_its_reader_notes(world: World) -> None:
    """K6."""
    _, people = await opened(world, 6)
    codes: dict[UUID, str] = {}
    scores = {f"score{place}": "2" for place in range(4)}
    async with serving_mailbox() as box:
        for person, token in (await mailed(world, box, people)).items():
            codes[person] = Form.on((await world.client.get(f"/feedback/{token}")).text).typed["code"]
            short = await send(world, token, **scores, code="short")
            assert (short.status_code, "A code is at least 16" in short.text) == (422, True)
            assert (await send(world, token, **{**scores, "score3": "6"}, code=codes[person])).status_code == 422
            thanked = await send(world, token, **scores, code=codes[person])
            assert (thanked.status_code, codes[person] in thanked.text) == (200, True)
        assert len(set(codes.values())) == 6
        await second_wave(world)
        for person, token in (await mailed(world, box, people)).items():
            assert Form.on((await world.client.get(f"/feedback/{token}")).text).typed["code"] == ""
            given = codes[person] if person != people[5] else ""
            assert (await send(world, token, **{**scores, "score0": "5"}, code=given)).status_code == 200
    kept = str([dict(row) for table in ("answer_cells", "prompts", "audit", "feedback_links")
                for row in await world.fetch(f"SELECT * FROM {table}")])  # fmt: skip
    assert not [code for code in codes.values() if code in kept]
    await world.execute("UPDATE surveys SET after_to = current_date - 1")
    await run(world, answers.close_surveys)
    (event,) = await world.told("survey.paired")
    assert [(pair["before"], pair["after"]) for pair in event["pairs"]] == [([2, 2, 2, 2], [5, 2, 2, 2])] * 5
    assert (event["before"], event["after"]) == (6, 6)


async def test_a_pulse_is_answered_by_its_link_and_asks_for_no_code(world: World) -> None:
    """C5."""
    _, people = await opened(world, 5, "pulse", [])
    async with serving_mailbox() as box:
        tokens = await mailed(world, box, people)
    for token in tokens.values():
        shown = Form.on((await world.client.get(f"/feedback/{token}")).text)
        assert (shown.tags.count("fieldset"), "code" in shown.typed) == (2, False)
        assert (await send(world, token, score0="4", score1="2")).status_code == 200
    await run(world, answers.release_answers)
    (event,) = await world.told("pulse.released")
    assert event["answers"] == [[4, 2]] * 5


async def test_a_facilitator_is_rated_by_a_link_and_a_link_takes_no_other_answer(world: World) -> None:
    _, session, people = await held(world, 5, 1)
    await world.execute("UPDATE sessions SET facilitator_id = $1", uuid4())
    async with serving_mailbox() as box:
        await run(world, plan_prompts)
        await world.execute(
            "UPDATE prompts SET kind = 'facilitation' WHERE kind = 'feedback' AND person_id = $1", people[0]
        )
        tokens = await mailed(world, box, people)
    led, asked = tokens[people[0]], tokens[people[1]]
    said: dict[str, Any] = {"flow": "5", "neutral": "4", "heard": "3", "safe": "2"}
    assert (await send(world, led, **said)).status_code == 422
    other = await send(world, asked, **said, on_time="1", family="facilitation")
    assert (other.status_code, "Other questions are asked" in other.text) == (409, True)
    assert (await send(world, asked, family="review")).status_code == 422
    assert await world.fetch("SELECT FROM answer_cells") == []
    assert (await send(world, led, **said, on_time="1")).status_code == 200
    ((kept,),) = await world.fetch("SELECT answers FROM answer_cells WHERE kind = 'facilitation'")
    assert kept == [{"flow": 5, "neutral": 4, "heard": 3, "safe": 2, "on_time": 1}]
    assert str(session) not in (await world.client.get(f"/feedback/{asked}")).text


async def test_of_a_closed_programme_no_page_says_the_subject_and_a_review_has_no_link(world: World) -> None:
    """C3."""
    _, people = await opened(world, 5)
    await world.execute("UPDATE programmes SET confidentiality = 'open', name = 'Redundancies'")
    async with serving_mailbox() as box:
        await run(world, plan_prompts)
        await world.execute("UPDATE prompts SET kind = 'review' WHERE person_id = $1", people[1])
        tokens = await mailed(world, box, people)
    assert set(tokens) == set(people) - {people[1]}
    path = f"/feedback/{tokens[people[0]]}"
    assert "Your group: Redundancies" in (await world.client.get(path)).text
    await world.execute("UPDATE programmes SET confidentiality = 'closed'")
    page = (await world.client.get(path)).text
    assert ("Peer learning." in page, "Redundancies" in page) == (True, False)
