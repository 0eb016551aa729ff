"""Brings skills into the taxonomy, many at a time."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from services.directory.store import skills as store
from shared import outbox
from shared.db import Connection
from shared.events.directory import SkillChanged

Outcome = Literal["created", "changed", "unchanged"]


class NewSkill(NamedTuple):
    """A skill by its URI."""

    skill_id: str
    label: str


async def import_skills(conn: Connection, skills: Sequence[NewSkill]) -> list[Outcome]:
    """Create or rename skills, in order, and say of each what happened; publishes what is new."""
    known = await store.lock(conn, {skill.skill_id for skill in skills})
    outcomes: list[Outcome] = []
    changed: dict[str, SkillChanged] = {}
    for skill_id, label in skills:
        before = changed.get(skill_id) or known.get(skill_id)
        if before is not None and before.label == label:
            outcomes.append("unchanged")
            continue
        outcomes.append("changed" if before else "created")
        version = known[skill_id].version + 1 if skill_id in known else 1
        changed[skill_id] = SkillChanged(skill_id=skill_id, version=version, label=label)
    news = [changed[skill_id] for skill_id in sorted(changed)]
    await store.save(conn, news)
    await outbox.append_all(conn, [(skill, None) for skill in news])
    return outcomes
