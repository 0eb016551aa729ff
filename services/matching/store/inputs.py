"""What a round was computed from, kept so that it can be computed again."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.matching.engine.people import Person, Problem
from services.matching.engine.rules import Rules
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "rounds")
AT_ONCE = 300
OTHERS = ("manager", "not_with")
"""Who these are is told by place, so that nobody is named in somebody else's row."""


class Kept(NamedTuple):
    """A round's input as it was stored; `missing` people of it have been erased since."""

    kind: str
    problem: Problem
    missing: int
    places: tuple[int, ...]
    """Where each person stood in the round."""

    @property
    def numbered(self) -> Iterator[tuple[int, Person]]:
        """Each person with their place."""
        return zip(self.places, self.problem.people, strict=True)


def setting(problem: Problem) -> dict[str, Any]:
    """What a round's row keeps of its input beside rules and seed."""
    return {
        "skills": sorted(problem.skills),
        "in_person": problem.in_person,
        "size_min": problem.size_min,
        "size_max": problem.size_max,
        "people": len(problem.people),
        "min_functions": problem.rules.min_functions,
    }


async def insert(conn: Connection, round_id: UUID, problem: Problem) -> None:
    """Keep everybody as the round saw them."""
    places, recent = await asyncio.to_thread(_numbered, problem)
    for start in range(0, len(problem.people), AT_ONCE):
        some = problem.people[start : start + AT_ONCE]
        await conn.execute(
            SQL.insert_round_people,
            round_id,
            list(range(start, start + len(some))),
            [person.id for person in some],
            [person.id in problem.asked for person in some],
            [orjson.dumps(_state(person, places, recent)).decode() for person in some],
        )


def _numbered(problem: Problem) -> tuple[dict[UUID, int], dict[UUID, list[int]]]:
    places = {person.id: place for place, person in enumerate(problem.people)}
    recent: dict[UUID, list[int]] = {}
    for one, other in sorted(problem.recent):
        recent.setdefault(one, []).append(places[other])
    return places, recent


def _state(person: Person, places: dict[UUID, int], recent: dict[UUID, list[int]]) -> dict[str, Any]:
    state = person._asdict()
    del state["id"]
    state["manager"] = places.get(person.manager) if person.manager else None
    state["not_with"] = [places[other] for other in person.not_with if other in places]
    return state | ({"recent": recent[person.id]} if person.id in recent else {})


async def load(
    conn: Connection, round_id: UUID, places: Sequence[int] | None = None, beside: Sequence[int] = ()
) -> Kept | None:
    """The input of a round, or of these people of it alone, of whom those `beside` are not asked.

    None where it was not kept, or its time is over.
    """
    row = await conn.fetchrow(SQL.round_setting, round_id)
    if row is None or row["setting"] is None:
        return None
    rows = await conn.fetch(SQL.round_people, round_id, places)
    if not rows:
        return None
    return await asyncio.to_thread(_kept, row, rows, frozenset(beside))


def _kept(row: Record, rows: Sequence[Record], beside: Collection[int]) -> Kept:
    ids = {row["place"]: row["person_id"] for row in rows}
    states = [(row["person_id"], row["state"]) for row in rows]
    kept = row["setting"]
    rules = Rules.parse(row["rules"])
    problem = Problem(
        people=tuple(_person(person_id, state, ids) for person_id, state in states),
        asked=frozenset(row["person_id"] for row in rows if row["asked"] and row["place"] not in beside),
        rules=replace(rules, min_functions=kept.get("min_functions", rules.min_functions)),
        seed=row["seed"],
        recent=frozenset(
            (person_id, ids[other]) for person_id, state in states for other in state.get("recent", ()) if other in ids
        ),
        skills=frozenset(kept["skills"]),
        in_person=kept["in_person"],
        size_min=kept["size_min"],
        size_max=kept["size_max"],
    )
    return Kept(row["kind"], problem, kept["people"] - len(rows), tuple(ids))


def _person(person_id: UUID, state: dict[str, Any], ids: dict[int, UUID]) -> Person:
    fields = {name: _tuple(value) for name, value in state.items() if name not in {*OTHERS, "recent"}}
    manager = ids.get(state["manager"]) if state["manager"] is not None else None
    return Person(id=person_id, manager=manager, not_with=tuple(_known(state["not_with"], ids)), **fields)


def _known(places: Sequence[int], ids: dict[int, UUID]) -> list[UUID]:
    return [ids[place] for place in places if place in ids]


def _tuple(value: object) -> Any:
    return tuple(_tuple(one) for one in value) if isinstance(value, list) else value
