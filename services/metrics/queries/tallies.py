"""Counts behind a measure, before anybody decides which of them may be shown."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean
from typing import Any

from services.metrics.domain import behaviour, engagement, facilitation, reaction
from services.metrics.domain.gini import evenness, gini, mean_of, top_share
from services.metrics.domain.measure import Measure
from services.metrics.domain.survival import median_time
from services.metrics.queries.scope import Scope
from shared import sql
from shared.db import Connection, Record

QUERIES = {
    name: text
    for file in ("measures", "answers", "matching", "exchange")
    for name, text in sql.load("services.metrics", file).items()
}
PLAN_EACH_TIME = QUERIES["plan_each_time"]


@dataclass(frozen=True)
class Tally:
    """One cell as it is. `persons` are distinct people: what confidentiality goes by."""

    cell: str
    value: float | None
    persons: int
    n: int
    denominator: int | None = None
    alike: bool = False
    """Everybody answered the same: the mean would tell each answer."""
    half_interval: float | None = None
    """Half the 95 % interval, where there is one."""
    came: int | None = None
    """Of a rate of people: those it counts. With the rate they are told, so that they may not be few either."""

    @property
    def size(self) -> int:
        """How many people the cell tells of at least; that none came is no news of a few."""
        return self.came or self.persons


async def count(conn: Connection, measure: Measure, scope: Scope) -> list[Tally]:
    """All cells of a scope that have anybody in them."""
    assert measure.family
    window = scope.window
    rows = await conn.fetch(
        QUERIES[measure.family],
        scope.by,
        window.start,
        window.end,
        scope.programme_id,
        scope.unit,
        scope.format,
        measure.name,
    )
    cells: defaultdict[str, list[Record]] = defaultdict(list)
    for row in rows:
        cells[row["cell"] or ""].append(row)
    tally = TALLIES.get(measure.family, _ratio)
    found = [tally(cell, rows, measure.name, scope) for cell, rows in cells.items()]
    return [each for each in found if each is not None]


def _ratio(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001 - one shape for all
    (row,) = rows
    shown: dict[str, Any] = dict(row)
    numerator, denominator = row["numerator"], row["denominator"]
    if numerator is None:
        value = None
    elif denominator is None:
        value = numerator
    else:
        value = numerator / denominator if denominator else None
    scores = shown.get("scores")
    spread = reaction.half_interval(scores) if scores and None not in scores else None
    came = int(numerator) if name == "participation_rate" else None
    return Tally(cell, value, row["persons"], row["n"], denominator, bool(shown.get("alike")), spread, came)


def _evenness(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    groups = [row["contributions"] for row in rows]
    persons = rows[0]["persons"]
    if name == "top_share":
        everybody = [count for group in groups for count in group]
        return Tally(cell, top_share(everybody), persons, persons, sum(everybody))
    value, counted = mean_of(groups, evenness if name == "evenness" else gini)
    return Tally(cell, value, persons, persons, counted)


def _newcomers(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    count = len(rows)
    return Tally(cell, median_time((row["days"], row["came"]) for row in rows), count, count, count)


def _engagement(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    (row,) = rows
    answered = min(1.0, row["answers"] / row["attendances"])
    value = engagement.index(row["attendance"], row["contribution"], answered, row["recency"])
    return Tally(cell, value, row["persons"], row["persons"], row["persons"])


def _first_use(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    (row,) = rows
    value = median_time(zip(row["days"], row["used"], strict=True))
    return Tally(cell, value, row["persons"], len(row["days"]), len(row["days"]), not any(row["used"]))


def _behaviour(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally | None:  # noqa: ARG001
    """One survey at a time: pairs of two surveys are two people, or one twice, and nobody knows."""
    arms: dict[str, list[tuple[float, float]]] = defaultdict(list)
    before = 0
    for row in rows:
        arms[row["arm"]] += zip(row["means_before"], row["means_after"], strict=True)
        before += row["before"] if row["arm"] == "participants" else 0
    treated = arms.get("participants", [])
    if not treated:
        return None
    differences = [after - earlier for earlier, after in treated]
    found = behaviour.change(differences)
    value: float | None = None
    if name == "behaviour_attrition":
        value = behaviour.attrition(before, len(treated))
    elif found and name == "behaviour_did" and len(arms.get("waitlist", ())) >= behaviour.FEWEST_PAIRS:
        value = behaviour.difference_in_differences(_means(treated), _means(arms["waitlist"]))
    elif found and name != "behaviour_did":
        value = found.d_z if name == "behaviour_effect" else found.mean
    spread = (found.high - found.low) / 2 if found and name == "behaviour_change" else None
    persons = min(len(row["means_before"]) for row in rows)
    return Tally(cell, value, persons, len(treated), len(treated), len(set(differences)) == 1, spread)


def _means(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return fmean(before for before, _ in pairs), fmean(after for _, after in pairs)


def _pulse(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    (row,) = rows
    means = row["means"]
    value = facilitation.r_wg(means) if name.endswith("agreement") else fmean(means)
    return Tally(cell, value, row["persons"], len(means), len(means), len(set(means)) == 1)


def _recommendation(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    (row,) = rows
    value, spread = reaction.nps(row["promoters"], row["detractors"], row["answers"]) or (None, None)
    return Tally(cell, value, row["persons"], row["answers"], row["answers"], row["alike"], spread)


def _facilitation(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    (row,) = rows
    n, enough = row["n"], row["n"] >= facilitation.ENOUGH_FOR_OWNERS
    value = facilitation.shrunk(row["total"], n, row["everybody"]) if enough else None
    return Tally(cell, value, row["persons"], n, n, row["alike"])


def _overload(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    over = sum(facilitation.overloaded(_utilisation(row)) for row in rows)
    return Tally(cell, over / len(rows), len(rows), len(rows), len(rows))


def _utilisation(row: Record) -> list[float]:
    """Hours with preparation over agreed hours, week by week; weeks without a session are weeks too."""
    agreed = row["minutes"] / 60 / facilitation.WEEKS_A_MONTH
    hours = dict(zip(row["weeks"], row["hours"], strict=True))
    weeks = (row["weeks"][-1] - row["weeks"][0]).days // 7 + 1
    return [
        hours.get(row["weeks"][0] + timedelta(weeks=week), 0.0) * (1 + facilitation.PREPARATION) / agreed
        for week in range(weeks)
    ]


def _hosting(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:
    hours = [row["hours"] * (1 + facilitation.PREPARATION) for row in rows]
    count = len(hours)
    months = 1 if scope.by == "month" else scope.window.months
    value = gini(hours) if name == "hosting_unevenness" else sum(hours) / count / (months * facilitation.WEEKS_A_MONTH)
    return Tally(cell, value, count, count, count)


TALLIES: dict[str, Callable[[str, list[Record], str, Scope], Tally | None]] = {
    "evenness": _evenness,
    "newcomers": _newcomers,
    "engagement": _engagement,
    "first_use": _first_use,
    "behaviour": _behaviour,
    "pulse": _pulse,
    "hosting": _hosting,
    "form": _pulse,
    "recommendation": _recommendation,
    "facilitation": _facilitation,
    "overload": _overload,
}
