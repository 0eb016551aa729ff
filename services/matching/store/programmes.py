"""A programme as far as matching needs it, with the rules it is matched by."""

from dataclasses import dataclass
from uuid import UUID

from services.matching.domain.format import UnknownProgramme
from services.matching.engine.rules import Rules
from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "rounds")
DAYS_A_MONTH = 30


@dataclass(frozen=True, slots=True)
class Programme:
    """Who a programme is for, what it is about, and its rules."""

    programme_id: UUID
    published: bool
    format: str
    modality: str
    in_person: bool
    skills: frozenset[str]
    size_min: int
    size_max: int
    cadence_days: int
    monthly_minutes: int
    """What taking part costs a month."""
    rules_version: int
    rules: Rules


async def get(conn: Connection, programme_id: UUID) -> Programme:
    """One programme. Raises UnknownProgramme."""
    row = await conn.fetchrow(SQL.programme, programme_id)
    if row is None:
        raise UnknownProgramme("There is no such programme here.")
    return Programme(
        programme_id=programme_id,
        published=row["status"] == "published",
        format=row["format"],
        modality=row["modality"],
        in_person=row["modality"] != "remote",
        skills=frozenset(row["skills"]),
        size_min=row["group_size_min"],
        size_max=max(row["group_size_min"], row["group_size_max"]),
        cadence_days=row["cadence_days"],
        monthly_minutes=max(1, row["session_minutes"] * DAYS_A_MONTH // row["cadence_days"]),
        rules_version=row["rules_version"],
        rules=Rules.parse(row["rules"]),
    )
