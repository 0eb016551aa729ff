"""A problem solved as a round is: its people told some at a time to a process of its own."""

from functools import partial
from typing import NamedTuple
from uuid import UUID

from services.matching.commands import solver
from services.matching.engine import tasks
from services.matching.engine.people import Match, Problem, Unmatched
from services.matching.engine.placing import Assembled, Placed, assembled
from services.matching.engine.tasks import Summary
from services.matching.store import inputs
from shared.db import Connection


class Solved(NamedTuple):
    summary: Summary
    matches: set[Match]
    unmatched: list[Unmatched]


def placed(problem: Problem) -> list[Placed]:
    at = {person.id: place for place, person in enumerate(problem.people)}
    return [
        Placed(
            place,
            person.id in problem.asked,
            person._replace(manager=None, not_with=()),
            at.get(person.manager) if person.manager else None,
            [at[other] for other in person.not_with if other in at],
            [at[other] for one, other in problem.recent if one == person.id],
        )
        for place, person in enumerate(problem.people)
    ]


async def solve(kind: str, problem: Problem, at_once: int = 700) -> Solved:
    people = placed(problem)
    with solver.place():
        async with solver.Session(problem.rules) as session:
            for start in range(0, len(people), at_once):
                await session.add(people[start : start + at_once])
            summary = await session.ask(partial(tasks.run, kind), problem)
            pages = [page async for page in session.pages()]
    return Solved(
        summary,
        {match for page in pages for legs in page.exchanges for match in legs},
        [left for page in pages for left in page.unmatched],
    )


async def kept(conn: Connection, round_id: UUID) -> Assembled:
    """What a round was computed from."""
    found = await inputs.kept(conn, round_id)
    assert found is not None
    return assembled(found.head, [some async for some in inputs.people(conn, round_id)])
