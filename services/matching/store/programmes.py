"""A programme as far as matching needs it, with the rules it is matched by."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.matching.domain.format import KINDS, UnknownProgramme
from services.matching.engine.people import Heard
from services.matching.engine.rules import ONE_SITE, Rules
from services.matching.store.received import heard
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "rounds")


class Cost(NamedTuple):
    """Minutes of one session, and of all a month has."""

    session: int
    month: int

    def fits(self, left: int, *, first: bool) -> int:
        """How often the minutes left pay it; somebody's `first` may be more than that, if one session is paid.

        Sessions then has them meet as often as their time allows.
        """
        return left // self.month or int(first and left >= self.session)


@dataclass(frozen=True, slots=True)
class Programme:
    """Who a programme is for, what it is about, and its rules."""

    programme_id: UUID
    published: bool
    format: str
    modality: str
    in_person: bool
    only_in_person: bool
    skills: frozenset[str]
    size_min: int
    size_max: int
    cadence_days: int
    learning: Cost
    leading: Cost
    """What taking part costs, and what teaching or facilitating does, preparation counted."""
    rules_version: int
    rules: Rules
    heard: tuple[Heard, ...]
    """What was said of sessions of its format."""

    @property
    def one_site(self) -> bool:
        """Whether only people of one site may meet."""
        return self.only_in_person and self.rules.one_site


async def get(conn: Connection, programme_id: UUID) -> Programme:
    """One programme. Raises UnknownProgramme."""
    row = await conn.fetchrow(SQL.programme, programme_id)
    if row is None:
        raise UnknownProgramme("There is no such programme here.")
    return _programme(row)


async def open_to(conn: Connection, person_id: UUID, today: date) -> list[Programme]:
    """Published programmes that would match somebody, but for what is theirs alone to change."""
    return [_programme(row) for row in await conn.fetch(SQL.programmes_open_to, person_id, list(KINDS), today)]


def _programme(row: Record) -> Programme:
    return Programme(
        programme_id=row["programme_id"],
        published=row["status"] == "published",
        format=row["format"],
        modality=row["modality"],
        in_person=row["modality"] != "remote",
        only_in_person=row["modality"] == "in_person",
        skills=frozenset(row["skills"]),
        size_min=row["group_size_min"],
        size_max=max(row["group_size_min"], row["group_size_max"]),
        cadence_days=row["cadence_days"],
        learning=Cost(row["session_minutes"], row["learning_minutes"]),
        leading=Cost(row["session_minutes"] + row["preparation_minutes"], row["leading_minutes"]),
        rules_version=row["rules_version"],
        rules=Rules.parse(row["rules"] | {ONE_SITE: row[ONE_SITE]}).of_format(row["format"]),
        heard=heard(row["heard"]),
    )
