"""What was heard of earlier sessions, as the engine is told it."""

from collections.abc import Iterable
from typing import Any

from services.matching.domain.format import KINDS
from services.matching.engine.people import Heard
from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "received")
FORMATS = sorted(format_ for format_, kind in KINDS.items() if kind == "pair")
"""What speaks of suggestions and of help, which are of no programme."""


def heard(rows: Iterable[Iterable[Any]]) -> tuple[Heard, ...]:
    """As a row has it."""
    return tuple(Heard(*row) for row in rows)


async def of_pairs(conn: Connection) -> tuple[Heard, ...]:
    """Of pairs of any format."""
    return heard(await conn.fetchval(SQL.heard_of, FORMATS))
