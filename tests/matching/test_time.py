"""Whether the time somebody has left is enough for a further commitment."""

import pytest

from services.matching.store import people, programmes
from tests.matching.conftest import Caller, World
from tests.matching.test_previews import run
from tests.matching.world import learner, person, programme, teacher, today

CASES = [
    ("mentoring", 60, 7, 240, (1, 1, True)),
    ("mentoring", 60, 14, 240, (2, 2, True)),
    ("mentoring", 45, 14, 89, (1, 1, True)),
    ("mentoring", 45, 14, 44, (0, 0, False)),
    ("job_shadowing", 60, 14, 269, (1, 1, True)),
    ("job_shadowing", 60, 14, 270, (2, 1, True)),
    ("job_shadowing", 60, 14, 300, (2, 2, True)),
    ("problem_solving", 90, 7, 240, (1, 1, True)),
    ("problem_solving", 90, 7, 104, (1, 0, False)),
    ("problem_solving", 90, 28, 210, (2, 2, True)),
]
"""Format, minutes, days between sessions, budget: commitments, those to teach or to lead, and whether they may lead."""


async def test_whole_months_of_sessions_with_what_is_prepared_are_counted(world: World) -> None:
    for format_, minutes, days, budget, expected in CASES:
        one = person(time_budget_minutes=budget, facilitator_ready=True, capacity=9)
        made = programme(format_, session_minutes=minutes, cadence_days=days)
        await world.hear(one)
        await world.hear(made)
        async with world.db.acquire() as conn:
            known = await programmes.get(conn, made.programme_id)
            (found,) = await people.everybody(conn, known, today(), [one.person_id])
        told = (found.person.places, found.person.slots, found.person.facilitator_ready)
        assert (format_, budget, told) == (format_, budget, expected)
        assert found.person.available == (expected[0] > 0)


@pytest.mark.parametrize(("budget", "matched"), [(179, 0), (180, 1)])
async def test_beside_another_a_commitment_is_made_only_if_it_fits_whole(
    world: World, call: Caller, budget: int, matched: int
) -> None:
    """P5."""
    first, second, one = programme(), programme(), learner(time_budget_minutes=budget)
    await world.hear(first, second)
    await world.hear(one, teacher(), teacher())
    assert (await run(call, first.programme_id))["matched"] == 1
    assert (await run(call, second.programme_id))["matched"] == matched
