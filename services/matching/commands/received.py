"""What was said of earlier sessions of pairs, as sums over tens of people."""

from collections.abc import Sequence

from shared import sql
from shared.db import Connection
from shared.events.sessions import LikenessRated
from shared.refusal import Refused

SQL = sql.load("services.matching", "received")


class ImpossibleAnswers(Refused):
    """The sum is not one of so many answers from 1 to 5."""


async def hear(conn: Connection, told: Sequence[LikenessRated]) -> None:
    """Add what was said to what is known. Raises ImpossibleAnswers."""
    for one in told:
        if not one.answers <= one.usefulness <= 5 * one.answers:
            raise ImpossibleAnswers(f"usefulness: {one.usefulness} is no sum of {one.answers} answers from 1 to 5")
    rows = [(one.format, one.likeness, one.answers, one.usefulness) for one in told]
    await conn.execute(SQL.hear, *map(list, zip(*rows, strict=True)))
