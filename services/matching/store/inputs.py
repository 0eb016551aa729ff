"""What a round was computed from, kept so that it can be computed again."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.matching.engine import figures
from services.matching.engine.figures import Seen
from services.matching.engine.people import Person, Problem
from services.matching.engine.rules import Rules
from services.matching.store.alike import Alike
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "rounds")
AT_ONCE, PAGE = 300, 2000
"""People made into rows, and rows made into people, before others get their turn."""
OTHERS = ("manager", "not_with")
"""Who these are is told by place, so that nobody is named in somebody else's row."""
ABOUT_OTHERS = frozenset({*OTHERS, "recent"})


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


async def is_kept(conn: Connection, round_id: UUID) -> bool:
    """Whether the input of a round is there."""
    found: bool = await conn.fetchval(SQL.is_kept, round_id)
    return found


async def load(
    conn: Connection, round_id: UUID, places: Sequence[int] | None = None, beside: Sequence[int] = ()
) -> Kept | None:
    """The input of a round, or of the people at these places alone, of whom those `beside` are not asked.

    None where it was not kept, or its time is over.
    """
    row = await conn.fetchrow(SQL.round_setting, round_id)
    if row is None or row["setting"] is None:
        return None
    people = [one async for one in _people(conn, round_id, places)]
    return await asyncio.to_thread(_kept, row, people, frozenset(beside)) if people else None


async def load_of(conn: Connection, round_id: UUID, people: Sequence[UUID]) -> Kept:
    """The input of a round that is kept, of these people alone: what it says of others is left out."""
    row = await conn.fetchrow(SQL.round_setting, round_id)
    assert row is not None
    rows = await conn.fetch(SQL.round_people_of, round_id, people)
    return await asyncio.to_thread(lambda: _kept(row, _read(rows, None), frozenset()))


async def line_of(conn: Connection, round_id: UUID, people: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """Who was the manager of each of these people."""
    rows = await conn.fetch(SQL.round_line_of, round_id, people)
    return {row["person_id"]: row["manager_id"] for row in rows}


async def seen(conn: Connection, round_id: UUID) -> dict[UUID, Seen]:
    """Everybody of a round, as its figures see them."""
    return {one.person.id: figures.seen(one.person, asked=one.asked) async for one in _people(conn, round_id)}


async def _people(conn: Connection, round_id: UUID, places: Sequence[int] | None = None) -> AsyncIterator["_One"]:
    alike = Alike()
    async with conn.transaction():
        cursor = await conn.cursor(SQL.round_people, round_id, places)
        while rows := await cursor.fetch(PAGE):
            for one in await asyncio.to_thread(_read, rows, alike):
                yield one


class _One(NamedTuple):
    """One person of a round, others by their places."""

    place: int
    asked: bool
    person: Person
    manager: int | None
    not_with: Sequence[int]
    recent: Sequence[int]


def _read(rows: Sequence[Record], alike: Alike | None) -> list[_One]:
    return [_one(row, alike) for row in rows]


def _one(row: Record, alike: Alike | None) -> _One:
    state = row["state"]
    read = partial(_value, alike) if alike else _tuple
    fields = {name: read(value) for name, value in state.items() if name not in ABOUT_OTHERS}
    person = Person(id=row["person_id"], manager=None, not_with=(), **fields)
    return _One(row["place"], row["asked"], person, state["manager"], state["not_with"], state.get("recent", ()))


def _kept(row: Record, people: Sequence[_One], beside: Collection[int]) -> Kept:
    ids = {one.place: one.person.id for one in people}
    kept = row["setting"]
    rules = Rules.parse(row["rules"])
    problem = Problem(
        people=tuple(_named(one, ids) for one in people),
        asked=frozenset(one.person.id for one in people if one.asked and one.place not in beside),
        rules=replace(rules, min_functions=kept.get("min_functions", rules.min_functions)),
        seed=row["seed"],
        recent=frozenset((one.person.id, ids[other]) for one in people for other in one.recent if other in ids),
        skills=frozenset(kept["skills"]),
        in_person=kept["in_person"],
        size_min=kept["size_min"],
        size_max=kept["size_max"],
    )
    return Kept(row["kind"], problem, kept["people"] - len(people), tuple(ids))


def _named(one: _One, ids: dict[int, UUID]) -> Person:
    if one.manager is None and not one.not_with:
        return one.person
    others = tuple(ids[place] for place in one.not_with if place in ids)
    return one.person._replace(manager=None if one.manager is None else ids.get(one.manager), not_with=others)


def _value(alike: Alike, value: object) -> Any:
    """With a million others: what equals what is there already is that."""
    if isinstance(value, list):
        return alike(tuple(_value(alike, one) for one in value))
    return alike(value) if isinstance(value, str) else value


def _tuple(value: object) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
