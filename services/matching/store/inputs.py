"""What a round was computed from, kept so that it can be computed again."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.matching.engine.people import Person, Problem
from services.matching.engine.placing import Placed, assembled
from services.matching.engine.rules import ONE_SITE, Rules
from services.matching.store.alike import Alike
from services.matching.store.received import heard
from shared import sql
from shared.db import Connection, Record
from shared.events.matching import MatchKind

SQL = sql.load("services.matching", "rounds")
PAGE = 2000
"""Rows made into people, or people into rows, by a thread before others get their turn."""


class Kept(NamedTuple):
    """A round's input as it was stored, but for its people, who were so many."""

    kind: MatchKind
    head: Problem
    people: int


def setting(head: Problem, people: int) -> dict[str, Any]:
    """What a round's row keeps of its input beside rules and seed."""
    told: dict[str, Any] = {"heard": list(map(list, head.heard))} if head.heard else {}
    told |= {"only_in_person": True} if head.only_in_person else {}
    return told | {
        "skills": sorted(head.skills),
        "in_person": head.in_person,
        "size_min": head.size_min,
        "size_max": head.size_max,
        "people": people,
        "min_functions": head.rules.min_functions,
    }


async def insert(conn: Connection, round_id: UUID, some: Sequence[Placed]) -> None:
    """Keep some as the round saw them."""
    states = await asyncio.to_thread(lambda: [orjson.dumps(_state(one)).decode() for one in some])
    await conn.execute(
        SQL.insert_round_people,
        round_id,
        [one.place for one in some],
        [one.person.id for one in some],
        [one.asked for one in some],
        states,
    )


def _state(one: Placed) -> dict[str, Any]:
    state = one.person._asdict()
    del state["id"]
    state |= {"manager": one.manager, "not_with": one.not_with}
    return state | ({"recent": one.recent} if one.recent else {})


async def is_kept(conn: Connection, round_id: UUID) -> bool:
    """Whether the input of a round is there."""
    found: bool = await conn.fetchval(SQL.is_kept, round_id)
    return found


async def kept(conn: Connection, round_id: UUID) -> Kept | None:
    """The input of a round; None where it was not kept, or its time is over."""
    row = await conn.fetchrow(SQL.round_setting, round_id)
    if row is None or row["setting"] is None or not await is_kept(conn, round_id):
        return None
    setting = row["setting"]
    rules = Rules.parse(row["rules"] | {ONE_SITE: row[ONE_SITE]})
    head = Problem(
        people=(),
        asked=frozenset(),
        rules=replace(rules, min_functions=setting.get("min_functions", rules.min_functions)),
        seed=row["seed"],
        skills=frozenset(setting["skills"]),
        in_person=setting["in_person"],
        size_min=setting["size_min"],
        size_max=setting["size_max"],
        heard=heard(setting.get("heard", ())),
        only_in_person=setting.get("only_in_person", False),
    )
    return Kept(row["kind"], head, setting["people"])


async def people(
    conn: Connection, round_id: UUID, places: Sequence[int] | None = None, beside: Collection[int] = ()
) -> AsyncIterator[list[Placed]]:
    """Some at a time of a round, or of those at these places alone, of whom those `beside` are not asked."""
    alike = Alike()
    async with conn.transaction():
        cursor = await conn.cursor(SQL.round_people, round_id, places)
        while rows := await cursor.fetch(PAGE):
            yield await asyncio.to_thread(_read, rows, alike, beside)


async def load_of(conn: Connection, round_id: UUID, people: Sequence[UUID]) -> Problem:
    """The input of a round that is kept, of these people alone: what it says of others is left out."""
    found = await kept(conn, round_id)
    assert found is not None
    rows = await conn.fetch(SQL.round_people_of, round_id, people)
    return await asyncio.to_thread(lambda: assembled(found.head, [_read(rows, None)]).problem)


async def line_of(conn: Connection, round_id: UUID, people: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """Who was the manager of each of these people."""
    rows = await conn.fetch(SQL.round_line_of, round_id, people)
    return {row["person_id"]: row["manager_id"] for row in rows}


def _read(rows: Sequence[Record], alike: Alike | None, beside: Collection[int] = ()) -> list[Placed]:
    return [_placed(row, alike, asked=row["asked"] and row["place"] not in beside) for row in rows]


def _placed(row: Record, alike: Alike | None, *, asked: bool) -> Placed:
    state = row["state"]
    # Who these are is told by place, so that nobody is named in somebody else's row.
    manager, not_with, recent = state.pop("manager"), state.pop("not_with"), state.pop("recent", ())
    for name, value in state.items():
        if type(value) is list:
            state[name] = _tuple(alike, value)
        elif alike is not None:
            state[name] = _text(alike, value)
    person = Person(id=row["person_id"], manager=None, not_with=(), **state)
    return Placed(row["place"], asked, person, manager, not_with, recent)


def _tuple(alike: Alike | None, value: list[Any]) -> tuple[Any, ...]:
    """With a million others, where `alike` has them: what equals what is there already is that."""
    if alike is None:
        return tuple(_tuple(None, one) if type(one) is list else one for one in value)
    return alike(tuple(_tuple(alike, one) if type(one) is list else _text(alike, one) for one in value))


def _text(alike: Alike, value: Any) -> Any:
    return alike(value) if type(value) is str else value
