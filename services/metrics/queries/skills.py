"""Skills as they may be shown: what is wanted, who could teach it, and what rests on few people. Never a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from services.metrics.confidentiality import allowed, hide
from services.metrics.domain import skills
from services.metrics.queries.figures import Figure, figure
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "skills")
Band = Literal["few", "some", "many"]
BANDS: tuple[Band, ...] = ("few", "some", "many")
Place = Literal["at_risk", "unshared", "shared"]
MANY = 5
"""Times k."""


@dataclass(frozen=True)
class Skill:
    """One skill: how many want it, how far they are from it, how many could teach it."""

    skill_id: str
    label: str
    wanting: int | None
    teachers: int | None
    """None where they are fewer than k, be it nobody."""
    figures: dict[str, Figure]
    as_of: datetime


@dataclass(frozen=True)
class Held:
    """One skill and what it rests on, in bands: `few` is fewer than k, be it nobody."""

    skill_id: str
    label: str
    experts: Band
    staying: Band
    active: Band
    at_risk: bool
    as_of: datetime

    @property
    def place(self) -> Place:
        """Under which heading it is read."""
        return "at_risk" if self.at_risk else "unshared" if self.active == "few" else "shared"


async def list_skills(conn: Connection, k: int) -> list[Skill]:
    """Every skill, in order of id. No total over skills is told anywhere: there is nothing to subtract one from."""
    return [_skill(cell, k) for cell in await conn.fetch(SQL.cells)]


def _skill(cell: Record, k: int) -> Skill:
    people, wants = cell["people"], cell["wanting"]
    # Nobody and a few look the same: that none has a gap, or that none will teach, is about each of them too.
    target, cohort, wanting, teaching = (
        hide({name: max(cell[name], 1)}, k).get(name) for name in ("people", "cohort", "wanting", "teachers")
    )
    if not wanting and not allowed(wants, people - wants, k):
        wanting = "filter"  # whoever aims for it and has no gap would be the rest
    if not target and cell["alike"]:
        target = "alike"
    gap = cell["gap"] / people if people else None
    closed = 1 - cell["left_gap"] / cell["first_gap"] if cell["first_gap"] else None
    drift = cell["drift"] / cell["cohort"] if cell["cohort"] else None
    supply = skills.supply_demand(cell["teachers"], wants)
    figures = [
        figure("skill_gap", gap, people, target, k),
        figure("gap_closure", closed, cell["cohort"], cohort, k),
        figure("target_drift", drift, cell["cohort"], cohort, k),
        figure("skill_supply", supply, wants, wanting or teaching, k),
    ]
    return Skill(
        cell["skill_id"],
        cell["label"],
        None if wanting else wants,
        None if teaching else cell["teachers"],
        {each.name: each for each in figures},
        cell["as_of"],
    )


async def list_knowledge(conn: Connection, k: int) -> list[Held]:
    """Every skill somebody has, in order of id."""
    return [
        Held(
            cell["skill_id"],
            cell["label"],
            band(cell["experts"], k),
            band(cell["stay"], k),
            band(cell["active"], k),
            band(cell["stay"], k) == "few",
            cell["as_of"],
        )
        for cell in await conn.fetch(SQL.cells)
    ]


def band(people: int, k: int) -> Band:
    """How many, as far as may be said."""
    return "few" if people < k else "some" if people < MANY * k else "many"


def most_wanted(found: Sequence[Skill], limit: int) -> list[Skill]:
    """Those more people want first; those not shown last, in order of name, so that their order tells nothing."""
    return sorted(found, key=lambda skill: (-(skill.wanting or 0), skill.label.casefold()))[:limit]


def by_risk(found: Sequence[Held]) -> Mapping[Place, list[Held]]:
    """By what is to be done, first what has fewest experts, as far as bands tell, then in order of name."""
    ordered = sorted(found, key=lambda skill: (BANDS.index(skill.experts), skill.label.casefold()))
    return {place: [skill for skill in ordered if skill.place == place] for place in get_args(Place)}
