"""What people can do, and what is counted of it: a number stands until k people's skills behind it have changed."""

from collections.abc import Sequence
from typing import Any

from services.metrics.confidentiality import K, unsettled
from services.metrics.domain.latest import newest
from services.metrics.domain.skills import EXPERT
from shared import sql
from shared.db import Connection
from shared.events.directory import PersonChanged

SQL = sql.load("services.metrics", "skills")
HERE = frozenset({"prehire", "active", "leave"})


async def change_skills(conn: Connection, events: Sequence[PersonChanged]) -> None:
    """Write what people can do, aim for and will teach; whoever has left has no skill here any more."""
    people = newest(events, lambda person: person.person_id)
    rows = [
        {
            **person.model_dump(include={"person_id", "version", "leaves_on"}),
            "skills": list(_skills(person).values()) if person.status in HERE else [],
        }
        for person in people
    ]
    await conn.execute(SQL.apply_person_skills, rows)


def _skills(person: PersonChanged) -> dict[str, dict[str, Any]]:
    """By skill: the level by all evidence, or as people say themselves where there is none."""
    found: dict[str, dict[str, Any]] = {}

    def of(skill_id: str) -> dict[str, Any]:
        return found.setdefault(skill_id, {"skill_id": skill_id, "level": 0, "target": None, "teaches": None})

    for need in person.needs:
        of(need.skill_id).update(level=need.level, target=need.target_level)
    for offer in person.offers:
        of(offer.skill_id).update(level=offer.level, teaches=offer.level)
    for known in person.proficiencies:
        skill = of(known.skill_id)
        skill["level"] = known.level
        if known.target_level is not None:
            skill["target"] = known.target_level
    return found


async def count_skills(conn: Connection, k: int = K) -> int:
    """Count skills anew where enough people's have changed; returns how many cells that were."""
    if not await conn.fetchval(SQL.due):
        return 0
    rows = await conn.fetch(SQL.count_skills, EXPERT)
    if not rows:
        return 0
    # Skills nobody was told of yet come in together, and only with k people behind them all.
    welcome = await conn.fetchval(SQL.people_of_new_skills) >= k
    changed = {row["skill_id"]: row["changed"] for row in rows if row["changed"]}
    stay = unsettled(changed, k)
    settled = [
        dict(row)
        for row in rows
        if (welcome if row["changed"] is None else row["changed"] and row["skill_id"] not in stay)
    ]
    await conn.execute(SQL.store_cells, settled)
    names = "skill_id", "active", "staying"
    await conn.execute(SQL.store_activity, *([row[name] for row in rows] for name in names))
    await conn.execute(SQL.store_look, rows[0]["seen"])
    return len(settled)
