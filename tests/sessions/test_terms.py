"""A longer programme or pair has more sessions, as if it had been so long from the start; a shorter one has fewer."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.sessions.commands.extensions import extend_waiting
from services.sessions.commands.schedules import schedule_waiting
from services.sessions.domain.terms import Term, opened
from tests.sessions.conftest import TODAY, World
from tests.sessions.events import circle, pair
from tests.sessions.gathering import MANY
from tests.sessions.test_follow_up import run

BEGIN = TODAY + timedelta(days=1)
DAYS = st.integers(0, 200).map(lambda number: BEGIN + timedelta(days=number))


async def lasting(world: World, programme: UUID, days: int) -> None:
    """The programme goes on until so many days from today, and what that leaves room for is placed."""
    path = f"/v1/programmes/{programme}"
    version = (await world.own("GET", path)).headers["etag"]
    changed = await world.own("PATCH", path, {"ends_on": str(TODAY + timedelta(days=days))}, if_match=version)
    assert changed.status_code == 200, changed.text
    await run(world, schedule_waiting, extend_waiting)


async def series(world: World, programme: UUID) -> list[tuple[int, str]]:
    """Days from the beginning on which sessions are due, and what they are."""
    rows = await world.fetch(
        "SELECT due_on, state FROM sessions WHERE programme_id = $1 ORDER BY session_id", programme
    )
    return [((row["due_on"] - BEGIN).days, row["state"]) for row in rows]


async def test_a_programme_that_is_lengthened_has_the_sessions_its_cadence_says(world: World) -> None:
    """C14, F3: in step, in turn, told, and once."""
    people = await world.people(4, time_budget_minutes=MANY)
    short, long = await world.programme(), await world.programme(ends_on=str(TODAY + timedelta(days=84)))
    await world.hear(circle(short, people, None))
    others = await world.people(4, time_budget_minutes=MANY)
    await world.hear(circle(long, others, None))
    first = [(day, "scheduled") for day in (0, 14, 28, 42)]
    assert await series(world, short) == first
    told = len(await world.told("session.scheduled"))
    await lasting(world, short, 84)
    whole = [*first, (56, "scheduled"), (70, "scheduled")]
    assert await series(world, short) == whole == await series(world, long)
    assert len(await world.told("session.scheduled")) == told + 2
    await run(world, extend_waiting)
    assert await series(world, short) == whole
    turns = await world.fetch(
        "SELECT t.person_id FROM sessions AS s JOIN participants AS t USING (session_id)"
        " WHERE s.programme_id = $1 AND t.role = 'mentee' ORDER BY s.number", short,
    )  # fmt: skip
    assert [row["person_id"] for row in turns] == [sorted(people)[number % 4] for number in range(6)]
    times = "SELECT starts_at FROM sessions WHERE programme_id = $1 ORDER BY number"
    assert await world.fetch(times, short) == await world.fetch(times, long)

    await lasting(world, short, 50)
    cut = await series(world, short)
    assert [day for day, state in cut if state == "cancelled"] == [56, 70]
    assert len(await world.told("session.cancelled")) == 2
    await lasting(world, short, 84)
    assert sorted(await series(world, short)) == sorted([*cut, (56, "scheduled"), (70, "scheduled")])


async def test_what_was_cancelled_by_hand_does_not_come_back(world: World) -> None:
    """Neither when it lay inside of the old term, nor when it lay beyond an end that was earlier for a time."""
    people = await world.people(4, time_budget_minutes=MANY)
    programme = await world.programme(ends_on=str(TODAY + timedelta(days=64)))
    await world.hear(circle(programme, people, None))
    rows = await world.fetch("SELECT session_id FROM sessions WHERE number IN (1, 4)")
    for (session,) in rows:
        assert (await world.own("POST", f"/v1/sessions/{session}/cancel")).status_code == 200
    await lasting(world, programme, 50)
    await lasting(world, programme, 84)
    assert sorted(await series(world, programme)) == [
        (0, "scheduled"), (14, "cancelled"), (28, "scheduled"), (42, "scheduled"), (56, "cancelled"), (70, "scheduled"),
    ]  # fmt: skip


async def test_a_group_without_any_time_is_planned_anew_when_there_is_more_of_it(world: World) -> None:
    people = await world.people(4, hired_on=TODAY + timedelta(days=70), time_budget_minutes=MANY)
    programme = await world.programme()
    await world.hear(circle(programme, people, None))
    assert await series(world, programme) == []
    await lasting(world, programme, 82)
    assert [day for day, _ in await series(world, programme)] == [69]
    ((state, reason),) = await world.fetch("SELECT state, reason FROM groups")
    assert (state, reason) == ("active", None)


async def test_a_pairs_own_term_cancels_what_lies_outside_and_places_what_lies_inside_again(world: World) -> None:
    """F6."""
    one, other = await world.people(2, time_budget_minutes=MANY)
    programme = await world.programme(format="mentoring", group_size_max=2, cadence_days=14)
    await world.hear(pair(programme, one, other))
    ((group,),) = await world.fetch("SELECT group_id FROM groups")
    whole = await series(world, programme)
    assert [day for day, _ in whole] == [0, 14, 28, 42]

    async def term(**days: int) -> list[int]:
        body: dict[str, Any] = {name: str(TODAY + timedelta(days=day)) for name, day in days.items()}
        reply = await world.call("PUT", f"/v1/groups/{group}/term", body, who=one)
        assert reply.status_code == 200, reply.text
        return sorted(day for day, state in await series(world, programme) if state == "scheduled")

    assert await term(starts_on=13, ends_on=36) == [14, 28]
    await lasting(world, programme, 84)
    assert await term(starts_on=13, ends_on=36) == [14, 28]
    assert await term(starts_on=13) == [14, 28, 42, 56, 70]
    assert await term() == [0, 14, 28, 42, 56, 70]
    assert await term(ends_on=60) == [0, 14, 28, 42, 56]


@given(st.integers(1, 30), st.lists(DAYS, min_size=4, max_size=4))
def test_what_stands_and_what_is_opened_are_the_new_terms_whole_series(cadence: int, days: list[date]) -> None:
    (a, b), (c, d) = sorted(days[:2]), sorted(days[2:])
    old, new, step = Term(a, b), Term(c, d), timedelta(days=cadence)
    grid = [BEGIN + number * step for number in range(-300 // cadence, 600 // cadence)]
    whole = [due for due in grid if new.first <= due <= new.last]
    inside = {due for due in grid if old.first <= due and due + step - timedelta(days=1) <= old.last}
    found = list(opened(BEGIN, inside, step, old, new))
    assert sorted({*found, *(inside & {*whole})}) == whole
    assert not inside & {*found}
