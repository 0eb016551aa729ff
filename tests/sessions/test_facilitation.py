"""How groups were led: asked after two sessions, told without a name, read by whoever led."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.sessions.commands import answers, prompts
from services.sessions.commands.erasures import erase_people
from services.sessions.domain.facilitation import STATEMENTS, quality
from tests.sessions.conftest import World
from tests.sessions.events import circle
from tests.sessions.test_follow_up import run

GOOD: dict[str, Any] = dict.fromkeys(STATEMENTS, 5)
ATTENDED = """
    UPDATE sessions SET state = 'held', changed_at = now(), starts_at = $2::timestamptz - make_interval(mins => $3),
        ends_at = $2::timestamptz - make_interval(mins => $3) + interval '1 minute'
    WHERE session_id = $1
"""


@pytest.mark.parametrize(
    ("total", "answers", "everybody", "shrunk"), [(25, 5, 4.2, 4.47), (200 * 3.5, 200, 4.2, 3.53), (0, 0, 4.2, 4.2)]
)
def test_few_answers_stay_near_everybodys_mean(total: float, answers: int, everybody: float, shrunk: float) -> None:
    assert round(quality(total, answers, everybody), 2) == shrunk


async def led(world: World, size: int, sessions: int = 2) -> tuple[UUID, list[UUID], list[UUID]]:
    """Members and their facilitator attended so many sessions just now; returns these in order of time."""
    facilitator, *people = await world.people(size + 1)
    programme = await world.programme(group_size_max=8, group_size_min=4, cadence_days=7)
    await world.hear(circle(programme, people, facilitator))
    rows = await world.fetch("SELECT session_id FROM sessions WHERE programme_id = $1 ORDER BY starts_at", programme)
    found = [row["session_id"] for row in rows][:sessions]
    (now,) = await world.fetch("SELECT greatest(date_trunc('quarter', now(), 'UTC') + interval '1 hour', now()) AS at")
    for number, session in enumerate(found):
        await world.execute(ATTENDED, session, now["at"], 10 * (sessions - number))
        await world.execute("UPDATE participants SET state = 'attended' WHERE session_id = $1", session)
    await run(world, prompts.plan_prompts)
    return facilitator, people, found


async def rate(world: World, session: UUID, who: UUID, **changes: int) -> int:
    return (await world.call("POST", f"/v1/sessions/{session}/facilitation", GOOD | changes, who=who)).status_code


async def own(world: World, who: UUID) -> dict[str, Any]:
    reply = await world.call("GET", "/v1/facilitation", who=who)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


async def test_members_are_asked_once_after_their_second_session(world: World) -> None:
    facilitator, people, (first, second, third) = await led(world, 4, 3)
    await run(world, prompts.plan_prompts)
    rows = await world.fetch("SELECT person_id, subject_id FROM prompts WHERE kind = 'facilitation'")
    assert {tuple(row) for row in rows} == {(one, second) for one in people}
    for session in (first, third):
        assert await rate(world, session, people[0]) == 404
    assert await rate(world, second, facilitator) == 404
    assert await rate(world, second, people[0], flow=6) == 422
    assert [await rate(world, second, people[0]) for _ in range(2)] == [202, 409]


async def test_after_one_session_nobody_is_asked(world: World) -> None:
    await led(world, 4, 1)
    assert await world.fetch("SELECT FROM prompts WHERE kind = 'facilitation'") == []


async def test_five_answers_reach_whoever_led_and_nobody_else(world: World) -> None:
    facilitator, people, (_, second) = await led(world, 6)
    for one in people[:4]:
        assert await rate(world, second, one) == 202
    assert await run(world, answers.release_answers) == [0]
    assert await own(world, facilitator) == {
        "answers": 0, "quality": None, "statements": [], "suppressed": True,
        "reason": "fewer than 5 answers have been released",
    }  # fmt: skip
    assert await rate(world, second, people[4], flow=1) == 202
    assert await run(world, answers.release_answers) == [1]
    shown = await own(world, facilitator)
    assert (shown["answers"], shown["suppressed"]) == (5, False)
    assert [one["quality"] for one in shown["statements"]] == [4.2, 5, 5, 5, 5]
    assert shown["quality"] == 4.84
    (event,) = await world.told("facilitation.rated")
    assert sorted(one["flow"] for one in event["answers"]) == [1, 5, 5, 5, 5]
    assert str(facilitator) not in str(event)
    assert (await own(world, people[0]))["quality"] is None
    assert (await world.own("GET", "/v1/facilitation")).status_code in {403, 404}
    columns = await world.fetch("SELECT answers::text AS kept FROM answer_cells WHERE kind = 'facilitation'")
    assert [row["kept"] for row in columns] == ["{}"]


async def test_few_are_drawn_towards_what_is_said_of_all(world: World) -> None:
    other = uuid4()
    await world.execute(
        "INSERT INTO facilitation_batches VALUES (gen_random_uuid(), $1, $1, current_date, current_date, 40, $2)",
        other, [160] * 5,
    )  # fmt: skip
    facilitator, people, (_, second) = await led(world, 5)
    for one in people:
        await rate(world, second, one)
    await run(world, answers.release_answers)
    everybody = (160 + 25) / 45
    assert (await own(world, facilitator))["quality"] == round((10 * everybody + 25) / 15, 2)


async def test_who_is_forgotten_leaves_no_answers_about_them(world: World) -> None:
    facilitator, people, (_, second) = await led(world, 6)
    for one in people[:5]:
        await rate(world, second, one)
    await run(world, answers.release_answers)
    await rate(world, second, people[5])
    async with world.db.transaction() as conn:
        await erase_people(conn, [facilitator])
    assert await world.fetch("SELECT FROM answer_cells WHERE kind = 'facilitation'") == []
    (row,) = await world.fetch("SELECT facilitator_id, answers FROM facilitation_batches")
    assert tuple(row) == (None, 5)
