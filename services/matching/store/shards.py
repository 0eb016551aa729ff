"""Parts of large rounds: people are their places in the round, so that a part names nobody."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from services.matching.engine.tasks import Parts
from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "shards")


class Part(NamedTuple):
    """A part somebody is about to solve."""

    shard_id: UUID
    round_id: UUID
    places: Sequence[int]
    beside: Sequence[int]


async def insert(conn: Connection, round_id: UUID, parts: Parts) -> list[tuple[UUID, int]]:
    """The parts of a round; returns the id and the number of people of each."""
    made = [(uuid7(), people, beside) for people, beside in zip(parts.people, parts.beside, strict=True)]
    rows = [{"shard_id": str(shard_id), "places": people, "beside": beside} for shard_id, people, beside in made]
    await conn.execute(SQL.insert_shards, round_id, rows)
    return [(shard_id, len(people)) for shard_id, people, _ in made]


async def claim(conn: Connection, worker: UUID, most: int, tries: int) -> list[Part]:
    """Parts for this worker to solve now, each for as long as its rules allow."""
    return [Part(**row) for row in await conn.fetch(SQL.claim, worker, most, tries)]
