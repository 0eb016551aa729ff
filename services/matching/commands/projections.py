"""What other services say, believed when it is newer than what is known."""

from collections.abc import Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from services.matching.domain.format import PREPARATION
from services.matching.domain.person import check_zone
from services.matching.engine.rules import defaults
from shared import sql
from shared.db import Connection
from shared.events.directory import PersonChanged, SkillChanged
from shared.events.sessions import ProgrammeChanged

SQL = sql.load("services.matching", "projections")
PERSON_FIELDS = {
    *("person_id", "version", "status", "unit_code", "unit_path", "manager_id", "job_level", "job_function"),
    *("site_code", "time_zone", "work_starts", "work_ends", "work_days", "languages", "offers", "needs", "capacity"),
    *("time_budget_minutes", "facilitator_ready", "opted_in", "paused_until", "not_with", "hired_on", "job_code"),
    "leaves_on",
    *("formats", "modalities", "pace", "group_size_min", "group_size_max", "experience", "facilitator_since"),
    *("time_of_day", "region"),
}
PROGRAMME_FIELDS = {
    *("programme_id", "version", "status", "format", "modality", "audience_units", "skills", "group_size_min"),
    *("group_size_max", "cadence_days", "session_minutes", "audience_sites", "audience_jobs", "audience_skills"),
    *("tenure_min_months", "tenure_max_months", "audience_regions"),
}
E_ = TypeVar("E_", PersonChanged, SkillChanged, ProgrammeChanged)


def _latest(events: Iterable[E_]) -> list[E_]:
    """The newest event of each key: one statement may not write a row twice."""
    newest: dict[str, E_] = {}
    for event in events:
        known = newest.get(event.key)
        if known is None or known.version < event.version:
            newest[event.key] = event
    return list(newest.values())


async def learn_people(conn: Connection, events: Iterable[PersonChanged]) -> tuple[list[UUID], list[UUID]]:
    """Store newer states; returns whose changed, and who of them has another manager now. Raises UnknownTimeZone."""
    newest = _latest(events)
    for event in newest:
        check_zone(event.time_zone)
    ids = [event.person_id for event in newest]
    before = {row["person_id"]: row["manager_id"] for row in await conn.fetch(SQL.managers, ids)}
    rows = [event.model_dump(mode="json", include=PERSON_FIELDS) for event in newest]
    changed = {row["person_id"] for row in await conn.fetch(SQL.upsert_people, rows)}
    moved = [
        event.person_id
        for event in newest
        if event.person_id in changed and before.get(event.person_id) != event.manager_id
    ]
    return sorted(changed), moved


async def learn_skills(conn: Connection, events: Iterable[SkillChanged]) -> None:
    """Store newer labels."""
    newest = _latest(events)
    await conn.execute(
        SQL.upsert_skills,
        [event.skill_id for event in newest],
        [event.version for event in newest],
        [event.label for event in newest],
    )


async def learn_programmes(conn: Connection, events: Iterable[ProgrammeChanged]) -> list[UUID]:
    """Store newer states; returns whose audience is another now. One seen first gets its format's rules."""
    newest = _latest(events)
    ids = [event.programme_id for event in newest]
    before = {row["programme_id"]: row for row in await conn.fetch(SQL.audiences, ids)}
    await conn.execute(
        SQL.upsert_programmes,
        [
            event.model_dump(mode="json", include=PROGRAMME_FIELDS)
            | {"preparation_minutes": PREPARATION.get(event.format, 0)}
            for event in newest
        ],
    )
    rules = [{"programme_id": event.key, "rules": defaults(event.format).kept()} for event in newest]
    await conn.execute(SQL.start_rules, rules)
    after = await conn.fetch(SQL.audiences, ids)
    return [row["programme_id"] for row in after if before.get(row["programme_id"], row) != row]


async def forget(conn: Connection, people: Sequence[UUID]) -> dict[UUID, int]:
    """Erase every row that names these people; returns how many there were, over all times they were erased."""
    await conn.execute(SQL.remember_erasures, people)
    await conn.execute(SQL.forget_people, people)
    return {row["person_id"]: row["rows"] for row in await conn.fetch(SQL.erased_rows, people)}
