"""Counts behind a measure, before anybody decides which of them may be shown."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean
from typing import Any
from uuid import UUID

from services.metrics.domain import behaviour, engagement, facilitation, reaction
from services.metrics.domain.gini import evenness, gini, mean_of, tenth, top_share
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
NO_MEDIAN = "Fewer than half have by now, so that there is no median yet."
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
    """Of a share of people those it counts, of a percentile those beyond it, of the most active those: with the number
    they are told: they may not be few either."""
    missed: int | None = None
    """The rest of a share's people: whoever knows the others knows them by subtraction; or those beside it whose doing
    it is."""
    note: str | None = None
    """What a reader has to know of the number."""

    @property
    def size(self) -> int:
        """How many people the cell tells of at least; that nobody counts is no news of a few."""
        return min((some for some in (self.came, self.missed) if some), default=self.persons)


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
    came = shown.get("came")
    missed = shown["missed"] if "missed" in shown else None if came is None else row["persons"] - came
    if name.endswith("_p90"):
        came = max(1, row["persons"] // 10)  # those beyond it: a number that few are beyond is somebody's extreme
    return Tally(cell, value, row["persons"], row["n"], denominator, bool(shown.get("alike")), spread, came, missed)


def _evenness(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    persons = rows[0]["persons"]
    if name == "top_share":
        said: Counter[UUID] = Counter()
        for row in rows:
            for member, count in zip(row["people"], row["contributions"], strict=True):
                said[member] += count
        everybody = list(said.values())
        return Tally(cell, top_share(everybody), persons, persons, sum(everybody), came=min(tenth(everybody), persons))
    groups = [row["contributions"] for row in rows]
    value, counted = mean_of(groups, evenness if name == "evenness" else gini)
    return Tally(cell, value, persons, persons, counted)


def _newcomers(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    count, value = len(rows), median_time((row["days"], row["came"]) for row in rows)
    return Tally(cell, value, count, count, count, note=None if value is not None else NO_MEDIAN)


def _engagement(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    (row,) = rows
    value = engagement.index(row["attendance"], row["contribution"], row["feedback"], row["recency"])
    return Tally(cell, value, row["persons"], row["persons"], row["persons"])


def _first_use(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    (row,) = rows
    value = median_time(zip(row["days"], row["used"], strict=True))
    note = None if value is not None else NO_MEDIAN
    return Tally(cell, value, row["persons"], len(row["days"]), len(row["days"]), not any(row["used"]), note=note)


def _behaviour(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally | None:  # noqa: ARG001
    """All pairs of the participants; beside a waitlist only those of surveys that asked one too."""
    effect: float | None = None
    if name == "behaviour_did" and (controlled := _controlled(rows)):
        rows = [row for arms in controlled for row in arms]
        effects = [
            behaviour.difference_in_differences(_means(_pairs(took_part)), _means(_pairs(waited)))
            for took_part, waited in controlled
        ]
        effect = fmean(effects, weights=[len(took_part["means_after"]) for took_part, _ in controlled])
    asked = [row for row in rows if row["arm"] == "participants"]
    treated = [pair for row in asked for pair in _pairs(row)]
    if not treated:
        return None
    differences = [after - earlier for earlier, after in treated]
    value, found = effect, None if name == "behaviour_did" else behaviour.change(differences)
    if name == "behaviour_attrition":
        value = behaviour.attrition(sum(row["before"] for row in asked), len(treated))
    elif found:
        value = found.d_z if name == "behaviour_effect" else found.mean
    spread = (found.high - found.low) / 2 if found and name == "behaviour_change" else None
    persons = min(len(row["means_before"]) for row in rows)
    return Tally(cell, value, persons, len(treated), len(treated), len(set(differences)) == 1, spread)


def _controlled(rows: list[Record]) -> list[tuple[Record, Record]]:
    """The two arms of each survey that has enough pairs in both: one survey is no control group of another."""
    enough = {(row["survey_id"], row["arm"]): row for row in rows if len(row["means_after"]) >= behaviour.FEWEST_PAIRS}
    return [
        (row, enough[survey_id, "waitlist"])
        for (survey_id, arm), row in enough.items()
        if arm == "participants" and (survey_id, "waitlist") in enough
    ]


def _pairs(row: Record) -> list[tuple[float, float]]:
    return list(zip(row["means_before"], row["means_after"], strict=True))


def _means(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return fmean(before for before, _ in pairs), fmean(after for _, after in pairs)


def _pulse(cell: str, rows: list[Record], name: str, scope: Scope) -> Tally:  # noqa: ARG001
    (row,) = rows
    means = row["means"]
    agreed = facilitation.r_wg(means)
    value = agreed if name.endswith("agreement") else fmean(means)
    split = agreed is not None and agreed < facilitation.SHARED_VIEW
    note = facilitation.NO_SHARED_VIEW if split else None
    return Tally(cell, value, row["persons"], len(means), len(means), len(set(means)) == 1, note=note)


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
