"""Keep what sessions needs of people, contacts and skills; whoever leaves is not expected any more."""

from collections.abc import Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from services.sessions.commands.captures import open_at_risk
from services.sessions.commands.facilitators import keep_neutral_after
from services.sessions.commands.seats import leave
from services.sessions.commands.working_hours import keep_to_hours
from services.sessions.domain.person import UnknownTimeZone, division, known_well, wanted
from shared import sql
from shared.db import Connection, Record
from shared.envelope import Envelope
from shared.events.base import Event
from shared.events.directory import ContactChanged, PersonChanged, SkillChanged

SQL = sql.load("services.sessions", "people")
E = TypeVar("E", bound=Event)
SEPARATOR = "\x1f"
"""Between the parts of a list on its way into one column: ASCII's own, that no code holds."""


async def project_people(conn: Connection, causes: Sequence[Envelope[PersonChanged]]) -> None:
    """Newer states of people. Raises UnknownTimeZone, for nobody's working hours can be guessed."""
    latest = _latest(causes)
    for cause in latest:
        _check_zone(cause.data.time_zone)
    rows = [
        (
            p.person_id, p.version, p.status, division(p.unit_path), p.time_zone, p.work_starts, p.work_ends,
            ",".join(map(str, p.work_days)), p.hired_on, p.paused_until, p.leaves_on, p.manager_id,
            SEPARATOR.join(p.unit_path), p.site_code, p.job_code, p.job_function, _skills(p), p.facilitator_ready,
            p.time_budget_minutes, SEPARATOR.join(known_well(p)),
            orjson.dumps(wanted(p)).decode(), p.facilitator_since, p.time_of_day,
            p.region,
        )
        for p in (cause.data for cause in latest)
    ]  # fmt: skip
    before = {row["person_id"]: row for row in await conn.fetch(SQL.get_hours, [row[0] for row in rows])}
    changed = await conn.fetch(SQL.project_people, *map(list, zip(*rows, strict=True)))
    left = sorted(row["person_id"] for row in changed if row["status"] == "left")
    if left:
        await leave(conn, left, {cause.data.person_id: cause for cause in latest})
    news = {cause.data.person_id: cause.data for cause in latest}
    if leaving := [row["person_id"] for row in changed if news[row["person_id"]].leaves_on]:
        await open_at_risk(conn, leaving)
    written = {row["person_id"] for row in changed} & before.keys()
    if moved := [person for person in sorted(written) if _time_differs(before[person], news[person])]:
        await keep_to_hours(conn, moved)
    line = [person for person in sorted(written) if news[person].manager_id != before[person]["manager_id"]]
    # Whoever is heard of after the people they manage joins two ends of a line that was cut until now.
    new = [row["person_id"] for row in changed if row["person_id"] not in before and news[row["person_id"]].manager_id]
    line += [row["manager_id"] for row in await conn.fetch(SQL.managers_among, new)] if new else []
    if line:
        await keep_neutral_after(conn, line)


async def project_contacts(conn: Connection, causes: Sequence[Envelope[ContactChanged]]) -> None:
    """Newer names and addresses."""
    rows = [(c.person_id, c.version, c.display_name, c.email, c.locale) for c in (x.data for x in _latest(causes))]
    await conn.execute(SQL.project_contacts, *map(list, zip(*rows, strict=True)))


async def project_skills(conn: Connection, causes: Sequence[Envelope[SkillChanged]]) -> None:
    """Newer labels of skills."""
    rows = [(skill.skill_id, skill.version, skill.label) for skill in (cause.data for cause in _latest(causes))]
    await conn.execute(SQL.project_skills, *map(list, zip(*rows, strict=True)))


def _latest(causes: Sequence[Envelope[E]]) -> list[Envelope[E]]:
    """The newest event of each key: one statement cannot write a row twice."""
    ordered = sorted(causes, key=lambda cause: cause.data.sequence or 0)
    return list({cause.key: cause for cause in ordered}.values())


def _skills(person: PersonChanged) -> str:
    """What somebody offers or wants."""
    offered, wanted = {skill.skill_id for skill in person.offers}, {skill.skill_id for skill in person.needs}
    return SEPARATOR.join(sorted(offered | wanted))


def _time_differs(before: Record, now: PersonChanged) -> bool:
    """Whether they work at other hours, or have other minutes for learning with peers."""
    names = ("time_zone", "work_starts", "work_ends", "time_budget_minutes")
    return sorted(now.work_days) != sorted(before["work_days"] or ()) or any(
        getattr(now, name) != before[name] for name in names
    )


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZone("The time zone is none of the IANA database.") from error
