"""What the engine is asked: a programme, everybody as they are today, and who wants to take part."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from uuid import UUID

from services.matching.engine.people import Problem
from services.matching.store import people
from services.matching.store.people import Known
from services.matching.store.programmes import Programme
from shared import sql
from shared.db import Connection
from shared.events.matching import MatchKind

SQL = sql.load("services.matching", "rounds")


async def problem_for(
    conn: Connection, programme: Programme, today: date, seed: int, asked: Iterable[UUID] = ()
) -> tuple[Problem, list[Known]]:
    """The problem of a programme, and everybody with what decides whether they are asked."""
    known = await people.everybody(conn, programme, today)
    problem = Problem(
        people=tuple(one.person for one in known),
        asked=frozenset(asked),
        rules=programme.rules,
        seed=seed,
        recent=await people.recent_pairs(conn, programme.rules.cool_off_days),
        skills=programme.skills,
        in_person=programme.in_person,
        size_min=programme.size_min,
        size_max=programme.size_max,
    )
    return problem, known


async def asking(
    conn: Connection, programme: Programme, kind: MatchKind, problem: Problem, known: list[Known]
) -> Problem:
    """The problem with everybody asked whom the programme is for, who takes part, and who has no open match of it."""
    busy = {row["person_id"] for row in await conn.fetch(SQL.already_in, programme.programme_id)}
    outside = {row["person_id"] for row in await conn.fetch(SQL.outside_audience, programme.programme_id)}
    asked = frozenset(
        one.person.id
        for one in known
        if one.taking_part
        and one.person.id not in busy
        and one.person.id not in outside
        and _concerned(one, kind, programme.skills)
    )
    return replace(problem, asked=asked)


def _concerned(one: Known, kind: MatchKind, about: frozenset[str]) -> bool:
    """A pair needs a learner; a circle takes everybody who seeks or knows what it is about."""
    needs = {skill for skill, *_ in one.person.needs}
    if kind == "pair":
        return bool(needs & about if about else needs)
    return not about or bool(about & (needs | {skill for skill, _ in one.person.offers}))
