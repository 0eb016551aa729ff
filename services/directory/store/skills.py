"""The skills taxonomy in the database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from services.directory.domain.taxonomy import Labels, Skill, terms
from shared import sql
from shared.db import Connection

SQL = sql.load("services.directory", "skills")
TAXONOMY = 7_310_002


async def lock(conn: Connection, skill_ids: Iterable[str]) -> dict[str, Skill]:
    """Those of these skills that are known; one transaction at a time may change the taxonomy."""
    await conn.execute(SQL.lock_taxonomy, TAXONOMY)
    return await states(conn, skill_ids)


async def states(conn: Connection, skill_ids: Iterable[str]) -> dict[str, Skill]:
    """Those of these skills that are known."""
    rows = await conn.fetch(SQL.known_skills, list(skill_ids))
    return {row["skill_id"]: Skill(**{**row, "broader": frozenset(row["broader"])}) for row in rows}


async def replaced_by(conn: Connection, skill_id: str) -> list[str]:
    """What was merged into a skill before."""
    return [row["skill_id"] for row in await conn.fetch(SQL.replaced_by, skill_id)]


async def labels(conn: Connection, skill_ids: Iterable[str], language: str) -> dict[str, Labels]:
    """Labels in one language, by skill; skills without any are left out."""
    preferred: dict[str, str] = {}
    others: dict[str, set[str]] = defaultdict(set)
    for row in await conn.fetch(SQL.known_labels, list(skill_ids), language):
        if row["preferred"]:
            preferred[row["skill_id"]] = row["label"]
        else:
            others[row["skill_id"]].add(row["label"])
    return {
        skill_id: Labels(preferred.get(skill_id), frozenset(others[skill_id]))
        for skill_id in preferred.keys() | others.keys()
    }


async def save(conn: Connection, skills: Sequence[Skill]) -> None:
    """Write skills with their places in the tree."""
    if not skills:
        return
    columns = zip(
        *(
            (one.skill_id, one.version, one.label, one.language, one.origin, one.deprecated, one.replaced_by)
            for one in skills
        ),
        strict=True,
    )
    await conn.execute(SQL.save_skills, *columns)
    await conn.execute(SQL.forget_broader, [skill.skill_id for skill in skills])
    places = [(skill.skill_id, broader) for skill in skills for broader in sorted(skill.broader)]
    await conn.copy_records_to_table("skill_broader", records=places, columns=("skill_id", "broader"))


async def save_labels(conn: Connection, labels_: Mapping[str, Labels], language: str) -> None:
    """Write all labels of skills in one language, and the terms by which they are found."""
    if not labels_:
        return
    await conn.execute(SQL.forget_labels, list(labels_), language)
    rows = [
        (skill_id, language, label == told.preferred, label)
        for skill_id, told in labels_.items()
        for label in sorted(told.alternatives | ({told.preferred} if told.preferred else set()))
    ]
    await conn.copy_records_to_table(
        "skill_labels", records=rows, columns=("skill_id", "language", "preferred", "label")
    )
    await save_terms(conn, labels_, language)


async def save_terms(conn: Connection, labels_: Mapping[str, Labels], language: str) -> None:
    """Write the terms by which skills are found."""
    await conn.execute(SQL.forget_terms, list(labels_), language)
    rows = [(skill_id, language, *term) for skill_id, told in labels_.items() for term in sorted(terms(told))]
    await conn.copy_records_to_table("skill_terms", records=rows, columns=("skill_id", "language", "rank", "term"))


async def hand_over_terms(conn: Connection, skill_id: str, into: str) -> None:
    """Let what one skill is called lead to another as well."""
    await conn.execute(SQL.hand_over_terms, skill_id, into)


async def without_terms(conn: Connection, limit: int) -> dict[str, Skill]:
    """Some skills that nothing typed can find."""
    return await states(conn, [row["skill_id"] for row in await conn.fetch(SQL.without_terms, limit)])
