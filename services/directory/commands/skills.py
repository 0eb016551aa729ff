"""Brings skills into the taxonomy, many at a time, and takes them out of use."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from services.directory.domain.refusals import MergedIntoItself, UnknownSkill
from services.directory.domain.taxonomy import Entry, Labels, Skill, after, relabelled
from services.directory.store import proficiency as proficiency_store
from services.directory.store import skills as store
from shared import outbox
from shared.db import Connection
from shared.events.directory import SkillChanged

Outcome = Literal["created", "changed", "unchanged", "unknown"]
NO_LABELS = Labels(None, frozenset())
TERMS_AT_ONCE = 1000


async def import_skills(
    conn: Connection, entries: Sequence[Entry], language: str, origin: str = "public", *, adds: bool = False
) -> list[Outcome]:
    """Take in what is told of skills, in order, and say of each what came of it; publishes what is new.

    `unknown`: only a place in the tree is told, of a skill nobody knows. `adds`: to the broader ones there are.
    """
    ids = {entry.skill_id for entry in entries}
    known = await store.lock(conn, ids)
    spoken = await store.labels(conn, ids, language)
    skills, labels = dict(known), dict(spoken)
    outcomes: list[Outcome] = []
    for entry in entries:
        before, told = skills.get(entry.skill_id), labels.get(entry.skill_id, NO_LABELS)
        skill = after(before, entry, language, origin, adds=adds)
        if skill is None:
            outcomes.append("unknown")
            continue
        skills[entry.skill_id], labels[entry.skill_id] = skill, relabelled(told, entry)
        same = before == skill and told == labels[entry.skill_id]
        outcomes.append("created" if before is None else "unchanged" if same else "changed")
    news = [_next(known.get(skill_id), skills[skill_id]) for skill_id in sorted(skills)]
    await _publish(conn, [skill for skill in news if skill != known.get(skill.skill_id)])
    said = {skill_id: told for skill_id, told in labels.items() if told != spoken.get(skill_id, NO_LABELS)}
    await store.save_labels(conn, said, language)
    return outcomes


async def merge_skill(conn: Connection, skill_id: str, into: str) -> Skill:
    """Put one skill in another's place, for good: people, jobs and searches follow. Asked again, nothing changes.

    Raises UnknownSkill or MergedIntoItself.
    """
    known = await store.lock(conn, [skill_id, into])
    if skill_id not in known or into not in known:
        raise UnknownSkill("There is no such skill.")
    old, new = known[skill_id], known[into]
    if old.replaced_by == into:
        return old
    if skill_id == into or new.deprecated:
        raise MergedIntoItself("A skill can only give way to another that is in use.")
    earlier = await store.states(conn, await store.replaced_by(conn, skill_id))
    merged = [
        replace(one, version=one.version + 1, deprecated=True, replaced_by=into) for one in (old, *earlier.values())
    ]
    await _publish(conn, merged)
    await store.hand_over_terms(conn, skill_id, into)
    await proficiency_store.mark_skill_stale(conn, skill_id)
    return merged[0]


async def deprecate_skill(conn: Connection, skill_id: str) -> Skill:
    """Take a skill out of use: it is no longer found or stated; who has it keeps it. Raises UnknownSkill."""
    known = await store.lock(conn, [skill_id])
    if skill_id not in known:
        raise UnknownSkill("There is no such skill.")
    if known[skill_id].deprecated:
        return known[skill_id]
    skill = replace(known[skill_id], version=known[skill_id].version + 1, deprecated=True)
    await _publish(conn, [skill])
    return skill


async def index_terms(conn: Connection) -> int:
    """Make skills from before terms were kept findable; returns how many."""
    skills = await store.without_terms(conn, TERMS_AT_ONCE)
    for language in sorted({skill.language for skill in skills.values()}):
        ids = [skill.skill_id for skill in skills.values() if skill.language == language]
        labels = await store.labels(conn, ids, language)
        plain = {skill_id: labels.get(skill_id, Labels(skills[skill_id].label, frozenset())) for skill_id in ids}
        await store.save_terms(conn, plain, language)
    return len(skills)


def _next(before: Skill | None, skill: Skill) -> Skill:
    if before is None:
        return replace(skill, version=1)
    return before if before == skill else replace(skill, version=before.version + 1)


async def _publish(conn: Connection, skills: Sequence[Skill]) -> None:
    await store.save(conn, skills)
    events = [
        SkillChanged(
            skill_id=skill.skill_id,
            version=skill.version,
            label=skill.label,
            broader=tuple(sorted(skill.broader)),
            deprecated=skill.deprecated,
            replaced_by=skill.replaced_by,
        )
        for skill in skills
    ]
    await outbox.append_all(conn, [(event, None) for event in events])
