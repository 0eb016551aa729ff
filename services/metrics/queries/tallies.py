"""Counts behind a measure, before anybody decides which of them may be shown."""

from collections import defaultdict
from dataclasses import dataclass

from services.metrics.domain.gini import mean_evenness
from services.metrics.domain.measures import Measure
from services.metrics.queries.scope import Scope
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "measures")


@dataclass(frozen=True)
class Tally:
    """One cell as it is. `persons` are distinct people: what confidentiality goes by."""

    cell: str
    value: float | None
    persons: int
    n: int
    denominator: int | None = None


async def count(conn: Connection, measure: Measure, scope: Scope) -> list[Tally]:
    """All cells of a scope that have anybody in them."""
    query = SQL.response if measure.name == "response_rate" else getattr(SQL, measure.family)
    window = scope.window
    rows = await conn.fetch(
        query, scope.by, window.start, window.end, scope.programme_id, scope.unit, scope.format, measure.name
    )
    return _evenness(rows) if measure.family == "evenness" else [_tally(row, measure) for row in rows]


def _tally(row: Record, measure: Measure) -> Tally:
    denominator = row["denominator"]
    if measure.denominator_counts is None:
        value = row["numerator"]
    elif denominator:
        value = row["numerator"] / denominator
    else:
        value = None
    return Tally(row["cell"], value, row["persons"], row["n"], denominator)


def _evenness(rows: list[Record]) -> list[Tally]:
    groups: dict[str, list[list[int]]] = defaultdict(list)
    persons: dict[str, int] = {}
    for row in rows:
        groups[row["cell"]].append(row["contributions"])
        persons[row["cell"]] = row["persons"]
    tallies = []
    for cell, contributions in groups.items():
        value, counted = mean_evenness(contributions)
        tallies.append(Tally(cell, value, persons[cell], persons[cell], counted))
    return tallies
