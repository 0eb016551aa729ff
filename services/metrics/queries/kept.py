"""Classes of facts that are kept from turn to turn: a month that nothing was written in has those it had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.metrics.confidentiality.sets import view_order
from services.metrics.queries.scope import Window
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "releases")


@dataclass(frozen=True)
class Month:
    """The classes of a month as of a view of the store, with the ages its facts had among the views before."""

    seen: str
    views: tuple[str, ...]
    facts: int
    classes: list[Record]

    def tells(self, views: tuple[str, ...]) -> bool:
        """Whether ages among these views are the same: all later ones have seen whatever this one has."""
        known, later = views[: len(self.views)], views[len(self.views) :]
        return known == self.views and (not later or view_order(later[0]) >= view_order(self.seen))


class Kept:
    """By month and depth; of one process, which counts again what it does not have."""

    def __init__(self) -> None:
        self._months: dict[tuple[date, int], Month] = {}

    async def classes(
        self, conn: Connection, start: date, end: date, depth: int, views: tuple[str, ...], seen: str
    ) -> Sequence[Record]:
        """What `SQL.classes` says of these months on the view `seen`, which the transaction is on."""
        found: list[Record] = []
        for month in Window(start, end).all_months:
            kept = self._months.get((month, depth))
            if not (kept and kept.tells(views) and kept.facts == await _facts(conn, month, kept.seen)):
                following = Window(month, month).back(-1).end
                classes = await conn.fetch(SQL.classes, month, following, depth, views)
                kept = Month(seen, views, await _facts(conn, month, seen) or 0, classes)
                self._months[month, depth] = kept
            found += kept.classes
        return found


async def _facts(conn: Connection, month: date, seen: str) -> int | None:
    """How many facts a month has; None where one was written since."""
    facts: int | None = await conn.fetchval(SQL.facts_as_seen, month, seen)
    return facts
