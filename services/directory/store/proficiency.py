"""Evidence, targets and readiness in the database, for many people at a time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from services.directory.domain.proficiency import Evidence
from shared import sql
from shared.db import Connection

SQL = sql.load("services.directory", "proficiency")


async def evidence_of(conn: Connection, person_ids: Sequence[UUID]) -> dict[UUID, tuple[Evidence, ...]]:
    """All that was stated of people, by person."""
    found: dict[UUID, list[Evidence]] = defaultdict(list)
    for row in await conn.fetch(SQL.evidence_of, person_ids):
        found[row["person_id"]].append(Evidence(row["skill_id"], row["source"], row["level"], row["stated_on"]))
    return {person_id: tuple(pieces) for person_id, pieces in found.items()}


async def targets_of_jobs(conn: Connection, job_codes: Iterable[str]) -> dict[str, dict[str, int]]:
    """What jobs ask for, by job and skill."""
    rows = await conn.fetch(SQL.targets_of_jobs, list(job_codes))
    return {row["job_code"]: {aim["skill_id"]: aim["level"] for aim in row["targets"]} for row in rows}


async def replaced_skills(conn: Connection) -> dict[str, str]:
    """Merged skills, by what into."""
    return {row["skill_id"]: row["replaced_by"] for row in await conn.fetch(SQL.replaced_skills)}


async def not_ready(conn: Connection, person_ids: Sequence[UUID]) -> set[UUID]:
    """Who lacks something that is required of facilitators."""
    return {row["person_id"] for row in await conn.fetch(SQL.not_ready, person_ids)}


async def state(conn: Connection, person_id: UUID, pieces: Sequence[Evidence], stated_by: UUID | None) -> None:
    """Keep statements; each takes the place of what the same source said of the same skill before."""
    if pieces:
        columns = zip(
            *((person_id, one.skill_id, one.source, stated_by, one.level, one.stated_on) for one in pieces), strict=True
        )
        await conn.execute(SQL.state_evidence, *columns)


async def withdraw(conn: Connection, person_id: UUID, skill_id: str, stated_by: UUID) -> bool:
    """Take back what somebody has said; whether there was anything."""
    return (await conn.execute(SQL.withdraw_evidence, person_id, skill_id, stated_by)) != "DELETE 0"


async def endorsements_since(
    conn: Connection, stated_by: UUID, person_id: UUID, skill_id: str, since: date
) -> tuple[int, int, bool]:
    """How many endorsements somebody has made, how many of this person, and whether this very one is among them."""
    row = await conn.fetchrow(SQL.endorsements_since, stated_by, person_id, skill_id, since)
    return (row["all"], row["of_this_one"], row["repeated"]) if row else (0, 0, False)


async def have_met(conn: Connection, one: UUID, other: UUID, since: date) -> bool:
    """Whether both attended a session."""
    return bool(await conn.fetchval(SQL.have_met, one, other, since))


async def mark_endorsed_stale(conn: Connection, person_ids: Sequence[UUID]) -> None:
    """Have those derived anew of whom these people have said something."""
    await conn.execute(SQL.mark_endorsed_stale, person_ids)


async def mark_job_stale(conn: Connection, job_code: str) -> None:
    """Have those derived anew who hold a job."""
    await conn.execute(SQL.mark_job_stale, job_code)


async def mark_skill_stale(conn: Connection, skill_id: str) -> None:
    """Have those derived anew of whom a skill is published."""
    await conn.execute(SQL.mark_skill_stale, [{"skill_id": skill_id}])


async def mark_facilitators_stale(conn: Connection) -> None:
    """Have those derived anew who would facilitate."""
    await conn.execute(SQL.mark_facilitators_stale)


async def mark_people_stale(conn: Connection, person_ids: Sequence[UUID]) -> None:
    """Have these people derived anew."""
    await conn.execute(SQL.mark_people_stale, person_ids)
