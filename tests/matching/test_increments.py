"""What a change re-opens is as good as a fresh run, of everybody as they are by then, gives those whom it touched.

As good, and not the same people: of two alike a lot chooses, and lots fall otherwise among others.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from services.matching.commands import buddies as hiring
from services.matching.commands import people as hearing
from services.matching.commands import upkeep
from services.matching.commands.leading import lead
from services.matching.commands.problems import asking, problem_for
from services.matching.commands.reopening import Left, reopen
from services.matching.domain.match import Match
from services.matching.engine import buddies, facilitators, joining, pairs
from services.matching.engine.people import Outcome, Problem
from services.matching.store import matches, programmes
from shared.db import Connection
from shared.events.directory import PersonChanged
from shared.events.sessions import ProgrammeChanged
from tests.matching.conftest import World
from tests.matching.test_at_hand import fields
from tests.matching.test_upkeep import changed, run
from tests.matching.world import newcomer, person, programme, today

Worth = list[tuple[int, int]]
"""How many matches each change brought, and what they are worth."""
Changed = tuple[Match, Match, str]
Led = tuple[Match, Match, str | None]
PEOPLE, CHANGES = 40, 30
"""So many changes, one after the other, of what a round has found."""


def crowd(draw: random.Random, **same: Any) -> list[PersonChanged]:
    """People of whom most can meet, so that most find somebody and many depend on somebody else."""
    ids = [UUID(int=draw.getrandbits(128)) for _ in range(PEOPLE)]
    near = {"time_zone": "Europe/Berlin", "work_starts": 540, "work_ends": 1020, "work_days": (1, 2, 3)}
    free = {"status": "active", "opted_in": True, "paused_until": None, "time_budget_minutes": 240}
    return [person(one, **fields(draw, ids) | near | free | same) for one in ids]


def what_happens(draw: random.Random, ids: list[UUID]) -> dict[str, Any]:
    """Leave, departure, another manager, another place and time, or another profile."""
    anew = fields(draw, ids)
    moved = ("unit_code", "unit_path", "time_zone", "work_starts", "work_ends", "work_days")
    return draw.choice(
        [
            {"status": "leave", "reasons": ("leave_started",)},
            {"status": "left", "reasons": ("left",)},
            {"manager_id": anew["manager_id"], "reasons": ("manager_changed",)},
            {name: anew[name] for name in moved} | {"reasons": ("moved",)},
            {name: anew[name] for name in ("offers", "needs", "languages", "not_with")},
        ]
    )


async def whole(conn: Connection, mine: ProgrammeChanged) -> Problem:
    """The problem of everybody, nothing left unread."""
    known = await programmes.get(conn, mine.programme_id)
    problem, everybody = await problem_for(conn, known, today(), today().toordinal())
    return await asking(conn, known, "pair", problem, everybody)


def worth(outcome: Outcome) -> tuple[int, int]:
    return len(outcome.matches), sum(match.score for match in outcome.matches)


async def proposed(conn: Connection) -> tuple[int, int]:
    """What the service has proposed beside rounds so far."""
    query = "SELECT count(*) AS many, coalesce(sum(score), 0)::int AS worth FROM matches WHERE round_id IS NULL"
    row = await conn.fetchrow(query)
    assert row is not None
    return row["many"], row["worth"]


async def new(conn: Connection, before: tuple[int, int]) -> tuple[int, int]:
    now = await proposed(conn)
    return now[0] - before[0], now[1] - before[1]


def points_of_leading(circle: Match) -> int:
    return sum(reason.points for reason in circle.reasons if "facilitator" in reason.code)


async def changes(world: World, draw: random.Random, people: list[PersonChanged]) -> None:
    """One after the other, first of those on whom others depend; each is heard alone."""
    query = """SELECT DISTINCT person_id FROM match_members JOIN matches USING (match_id)
        WHERE state IN ('proposed', 'formed') AND role IN ('teacher', 'facilitator')"""
    carry = {row["person_id"] for row in await world.fetch(query)}
    order = sorted(people, key=lambda one: (one.person_id not in carry, draw.random()))
    ids = [one.person_id for one in people]
    for version, one in enumerate(order[:CHANGES], 2):
        await world.hear(changed(one, version, **what_happens(draw, ids)))


@pytest.mark.parametrize("seed", range(4))
async def test_learners_whom_a_change_leaves_alone_get_whom_a_fresh_run_gives_them(world: World, seed: int) -> None:
    """MATCHING 6. Leave, departure, manager, move and profile."""
    draw, mentoring = random.Random(seed), programme(session_minutes=30)
    people, fresh, found = crowd(draw), Worth(), Worth()
    await world.hear(mentoring)
    await world.hear(*people)
    await run(world, mentoring.programme_id)

    async def beside(conn: Connection, left: Left, *rest: Any) -> None:
        problem = await whole(conn, mentoring)
        touched = {one.person_id for one in left.people if one.role == "learner"}
        fresh.append(worth(pairs.solve(replace(problem, asked=problem.asked & touched))))
        before = await proposed(conn)
        await reopen(conn, left, *rest)
        found.append(await new(conn, before))

    with patch.object(upkeep, "reopen", beside):
        await changes(world, draw, people)
    assert found == fresh
    assert sum(many for many, _ in found) > 1


@pytest.mark.parametrize("seed", range(3))
async def test_a_hire_gets_the_buddy_a_fresh_run_gives(world: World, seed: int) -> None:
    """MATCHING 6."""
    draw, onboarding = random.Random(seed), programme("onboarding_buddy")
    fresh, found = Worth(), Worth()
    await world.hear(onboarding)
    await world.hear(*crowd(draw, hired_on=today().replace(year=2020)))
    propose = hiring.propose_buddies

    async def beside(conn: Connection, people: Sequence[UUID], *rest: Any) -> int:
        problem = await whole(conn, onboarding)
        fresh.append(worth(buddies.solve(replace(problem, asked=frozenset(people)))))
        before = await proposed(conn)
        done = await propose(conn, people, *rest)
        found.append(await new(conn, before))
        return done

    with patch.object(hearing, "propose_buddies", beside):
        for _ in range(CHANGES):
            await world.hear(newcomer(unit_code=draw.choice(["U1", "U2"]), languages=draw.choice([("en",), ("fr",)])))
    assert found == fresh
    assert sum(many for many, _ in found) > CHANGES // 2


@pytest.mark.parametrize("seed", [0, 3])
async def test_seats_and_facilitators_are_those_a_fresh_look_at_everybody_gives(world: World, seed: int) -> None:
    """MATCHING 6. Who lost a circle sits where a fresh look at all circles seats them, and the fairest leads."""
    draw = random.Random(seed)
    circles = programme("mentoring_circle", group_size_min=3, group_size_max=6)
    people = crowd(draw, facilitator_ready=True, languages=("en",))
    await world.hear(circles)
    await world.hear(*people)
    await run(world, circles.programme_id)
    seen = {"seated": 0, "led": 0}

    async def sits_in(conn: Connection, one: UUID) -> UUID | None:
        query = """SELECT match_id FROM matches JOIN match_members AS member USING (match_id)
            WHERE state = 'formed' AND role = 'participant' AND person_id = $1"""
        return await conn.fetchval(query, one)  # type: ignore[no-any-return]

    async def reopened(conn: Connection, left: Left, *rest: Any) -> None:
        rows = await conn.fetch("SELECT * FROM matches WHERE state = 'formed' ORDER BY match_id")
        formed = await matches.with_members(conn, rows)
        leading = {one.facilitator for one in formed}  # they are asked for no circle
        touched = sorted({one.person_id for one in left.people if one.role == "participant"} - leading)
        all_ = [one for one in formed if not set(touched) & set(one.participants)]
        places = [one.participants for one in all_], [one.facilitator for one in all_]
        found = joining.join(await whole(conn, circles), touched, *places)
        await reopen(conn, left, *rest)
        for one, place in zip(touched, found, strict=True):
            expected = None if place is None else all_[place].match_id
            assert await sits_in(conn, one) == expected
            seen["seated"] += place is not None

    async def led(conn: Connection, changes: Sequence[Changed], gone: frozenset[UUID]) -> Sequence[Led]:
        problem = await whole(conn, circles)
        here = tuple(one for one in problem.people if one.id not in gone)
        left = [left.participants for _, left, _ in changes]
        fresh = facilitators.find(replace(problem, people=here), left) if left else []
        done = await lead(conn, changes, gone)
        assert sum(points_of_leading(one) for _, one, _ in done) == sum(
            term.points for one in fresh if one for term in one.terms
        )
        assert [one.facilitator is None for _, one, _ in done] == [one is None for one in fresh]
        seen["led"] += len(done)
        return done

    with patch.object(upkeep, "reopen", reopened), patch.object(upkeep, "lead", led):
        await changes(world, draw, people)
    assert seen["seated"]
    assert seen["led"]
