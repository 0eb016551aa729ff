"""Parts of large rounds: people are their places in the round, so that a part names nobody."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from services.matching.engine.cut import Found
from services.matching.engine.people import Problem
from services.matching.engine.round import Parts
from services.matching.store import inputs
from services.matching.store.inputs import Kept
from shared import sql
from shared.db import Connection
from shared.events.matching import MatchKind

SQL = sql.load("services.matching", "shards")


class Part(NamedTuple):
    """A part somebody is about to solve."""

    shard_id: UUID
    round_id: UUID
    kind: MatchKind
    kept: Kept | None
    """None where everybody in it has been erased since."""


async def insert(conn: Connection, round_id: UUID, problem: Problem, parts: Parts) -> list[tuple[UUID, int]]:
    """The parts of a round; returns the id and the number of people of each."""
    place = {person.id: at for at, person in enumerate(problem.people)}
    made = [(uuid7(), people, beside) for people, beside in zip(parts.people, parts.beside, strict=True)]
    rows = [
        {
            "shard_id": str(shard_id),
            "places": sorted(place[person] for person in people),
            "beside": sorted(place[person] for person in beside),
        }
        for shard_id, people, beside in made
    ]
    await conn.execute(SQL.insert_shards, round_id, rows)
    return [(shard_id, len(people)) for shard_id, people, _ in made]


async def claim(conn: Connection, worker: UUID, most: int, tries: int) -> list[Part]:
    """Parts for this worker to solve now, each for as long as its rules allow."""
    return [
        Part(
            *(row["shard_id"], row["round_id"], row["kind"]),
            await inputs.load(conn, row["round_id"], row["places"], row["beside"]),
        )
        for row in await conn.fetch(SQL.claim, worker, most, tries)
    ]


def written(part: Part, found: Found) -> dict[str, Any]:
    """What came of a part, by places."""
    at = {person.id: place for place, person in part.kept.numbered} if part.kept else {}
    return {
        "pairs": [(at[one], at[other], skill, level) for one, other, skill, level in found.pairs],
        "prices": {str(at[person]): price for person, price in found.prices.items()},
        "bound": found.bound,
        "unseen": found.unseen,
        "circles": [([at[one] for one in members], topic) for members, topic in found.circles],
    }


def read(found: Mapping[str, Any], people: Mapping[int, UUID]) -> Found:
    """What came of a part, of those who have not been erased since."""
    return Found(
        tuple(
            (people[one], people[other], skill, level)
            for one, other, skill, level in found["pairs"]
            if one in people and other in people
        ),
        {people[int(at)]: price for at, price in found["prices"].items() if int(at) in people},
        found["bound"],
        found["unseen"],
        tuple(
            (tuple(people[at] for at in members if at in people), topic) for members, topic in found.get("circles", ())
        ),
    )
