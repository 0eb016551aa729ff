"""Ties between units as they may be shown: fixed cells of a closed month, k people on either side or no number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.metrics.confidentiality import Reason, allowed, explain, hide
from services.metrics.domain import network
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "networks")
Pair = tuple[str, str]


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
class Figure:
    """A number about the whole network."""

    name: str
    value: float | None
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
    return Network(row["month"], row["as_of"], _figures(row, cells), [_tie(cell, hidden, row["k"]) for cell in cells])


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
        return Tie(**names, density=None, weight=None, n=None, suppressed=True, reason=explain(why, k))
    inside = cell["unit"] == cell["other"]
    density = network.density(cell["ties"], cell["staff"], None if inside else cell["other_staff"])
    people = cell["people"] if inside else cell["people"] + cell["other_people"]
    return Tie(
        **names,
        density=None if density is None else round(density, 2),
        weight=round(cell["weight"], 1),
        n=people,
        suppressed=False,
        reason=None,
    )


def _figures(row: Record, cells: Sequence[Record]) -> list[Figure]:
    k, people, tied = row["k"], row["people"], row["tied"]
    inside = sum(cell["ties"] for cell in cells if cell["unit"] == cell["other"])
    across = sum(cell["ties"] for cell in cells) - inside
    sizes = {cell[unit]: cell[staff] for cell in cells for unit, staff in (("unit", "staff"), ("other", "other_staff"))}
    ei, chance = network.ei_index(across, inside), network.ei_expected(list(sizes.values()))
    met, new = sum(cell["met"] for cell in cells), sum(cell["new_ties"] for cell in cells)
    possible = network.density(inside + across, people)
    connected = row["connected"]
    shown = [
        ("tie_density", possible, tied, tied >= k),
        ("ei_index", ei, tied, tied >= k),
        ("ei_over_expected", None if ei is None or chance is None else ei - chance, tied, tied >= k),
        ("cross_unit_share", across / (across + inside) if across + inside else None, tied, tied >= k),
        ("new_tie_rate", new / met if met else None, tied, tied >= k),
        ("exposure", row["units_met"] / tied if tied else None, tied, tied >= k),
        ("isolates", row["isolated"] / people if people else None, people, _apart(row["isolated"], people, k)),
        ("largest_component", connected / people if people else None, people, _apart(connected, people, k)),
    ]
    return [_figure(name, value, n, k, open_=open_) for name, value, n, open_ in shown]


def _apart(some: int, of: int, k: int) -> bool:
    """Whether a share may be shown: neither those it is about nor those it is not are few."""
    return allowed(some, of - some, k)


def _figure(name: str, value: float | None, n: int, k: int, *, open_: bool) -> Figure:
    if not open_:
        return Figure(name, None, None, suppressed=True, reason=explain("small_group", k))
    return Figure(name, None if value is None else round(value, 2), n, suppressed=False, reason=None)
