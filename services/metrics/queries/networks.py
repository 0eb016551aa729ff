"""Ties between units as they may be shown: fixed cells of a closed month, k people on either side or no number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.metrics.confidentiality import Reason, allowed, explain, hide
from services.metrics.domain import network
from services.metrics.domain.measures import MEASURES
from services.metrics.queries.figures import Figure, figure
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "networks")
Pair = tuple[str, str]
SHARES = frozenset({"isolates", "brokers", "largest_component"})
"""Figures that tell two groups of people apart."""


@dataclass(frozen=True)
class Tie:
    """One unit with another or itself; a suppressed cell has a reason and no number."""

    unit: str
    label: str
    other: str
    other_label: str
    density: float | None
    weight: float | None
    n: int | None
    suppressed: bool
    reason: str | None


@dataclass(frozen=True)
class Network:
    """A closed month's network."""

    month: date
    as_of: datetime
    figures: list[Figure]
    ties: list[Tie]


async def get_network(conn: Connection, month: date | None = None) -> Network | None:
    """The network of a month, by default the newest; None where none has been counted."""
    row = await conn.fetchrow(SQL.network, month)
    if row is None:
        return None
    cells = await conn.fetch(SQL.cells, row["month"])
    hidden = _hidden(cells, row["k"])
    return Network(
        row["month"], row["as_of"], _figures(row, cells, hidden), [_tie(cell, hidden, row["k"]) for cell in cells]
    )


def _hidden(cells: Sequence[Record], k: int) -> dict[Pair, Reason]:
    """Cells that stay hidden.

    The figures of the whole tell what ties inside units and ties across them sum to: two parents, of which no single
    hidden cell may be what is left over.
    """
    hidden: dict[Pair, Reason] = {}
    for inside in (True, False):
        of_kind = [cell for cell in cells if (cell["unit"] == cell["other"]) is inside]
        hidden |= hide({(one["unit"], one["other"]): min(one["people"], one["other_people"]) for one in of_kind}, k)
    return hidden


def _tie(cell: Record, hidden: Mapping[Pair, Reason], k: int) -> Tie:
    names = {name: cell[name] for name in ("unit", "label", "other", "other_label")}
    if why := hidden.get((cell["unit"], cell["other"])):
        return Tie(**names, density=None, weight=None, n=None, suppressed=True, reason=explain(why, k, "sides"))
    inside = cell["unit"] == cell["other"]
    density = network.density(cell["ties"], cell["staff"], None if inside else cell["other_staff"])
    people = cell["people"] if inside else cell["people"] + cell["other_people"]
    return Tie(
        **names,
        density=MEASURES["tie_density"].rounded(density),
        weight=round(cell["weight"], 1),
        n=people,
        suppressed=False,
        reason=None,
    )


def _figures(row: Record, cells: Sequence[Record], hidden: Mapping[Pair, Reason]) -> list[Figure]:
    k, people, tied = row["k"], row["people"], row["tied"]
    inside = sum(cell["ties"] for cell in cells if cell["unit"] == cell["other"])
    across = sum(cell["ties"] for cell in cells) - inside
    sizes = {cell[unit]: cell[staff] for cell in cells for unit, staff in (("unit", "staff"), ("other", "other_staff"))}
    ei, chance = network.ei_index(across, inside), network.ei_expected(list(sizes.values()))
    met, new = sum(cell["met"] for cell in cells), sum(cell["new_ties"] for cell in cells)
    possible = network.density(inside + across, people)
    connected, bridging = row["connected"], row["bridging"]
    few: Reason | None = None if tied >= k else "small_group"
    of_kinds = few or _left_over(cells, hidden, k)
    shown = [
        ("tie_density", possible, tied, of_kinds),
        ("ei_index", ei, tied, of_kinds),
        ("ei_over_expected", None if ei is None or chance is None else ei - chance, tied, of_kinds),
        ("cross_unit_share", across / (across + inside) if across + inside else None, tied, of_kinds),
        ("new_tie_rate", new / met if met else None, tied, few),
        ("exposure", row["units_met"] / tied if tied else None, tied, of_kinds),
        ("isolates", row["isolated"] / people if people else None, people, _apart(row["isolated"], people, k)),
        ("brokers", bridging / tied if tied and bridging is not None else None, tied, _band(bridging, tied, k)),
        ("largest_component", connected / people if people else None, people, _apart(connected, people, k)),
    ]
    return [figure(name, value, n, why, k, "share" if name in SHARES else "people") for name, value, n, why in shown]


def _left_over(cells: Sequence[Record], hidden: Mapping[Pair, Reason], k: int) -> Reason | None:
    """Whether the sum of a kind would tell what its hidden cells hide: there is one alone, or it is about few."""
    for inside in (True, False):
        kept = [cell for cell in cells if (cell["unit"] == cell["other"]) is inside
                and (cell["unit"], cell["other"]) in hidden]  # fmt: skip
        if kept and (len(kept) == 1 or sum(min(cell["people"], cell["other_people"]) for cell in kept) < k):
            return "complement"
    return None


def _band(some: int | None, of: int, k: int) -> Reason | None:
    """As `_apart`; a network that was counted before the band was has none."""
    return None if some is None else _apart(some, of, k)


def _apart(some: int, of: int, k: int) -> Reason | None:
    """A share is shown when neither those it is about nor those it is not are few."""
    return None if allowed(some, of - some, k) else "small_group"
