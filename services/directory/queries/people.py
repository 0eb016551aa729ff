"""People as they are read."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.directory.domain.plain import written_alike
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "people")


async def get_person(conn: Connection, person_id: UUID) -> Record | None:
    """One person."""
    return await conn.fetchrow(SQL.get_person, person_id)


async def get_card(conn: Connection, person_id: UUID) -> Record | None:
    """What colleagues may know of one person."""
    return await conn.fetchrow(SQL.get_card, person_id)


async def get_profile(conn: Connection, person_id: UUID) -> Record | None:
    """What one person says of themselves, and who their manager is."""
    return await conn.fetchrow(SQL.get_profile, person_id)


async def shown_people(conn: Connection, person_ids: Sequence[UUID], caller: UUID | None) -> dict[UUID, Record]:
    """Everything that may leave of these people, by id; what is confidential only of the caller."""
    return {row["person_id"]: row for row in await conn.fetch(SQL.shown_people, person_ids, caller)}


async def list_cards(
    conn: Connection,
    after: tuple[Any, ...] | None,
    limit: int,
    *,
    unit: str | None,
    site: str | None,
    status: str | None,
    skill: str | None,
    employee_number: str | None,
    country: str | None = None,
    region: str | None = None,
    experience: str | None = None,
) -> list[Record]:
    """Cards by name, those of sub-units included; one more than `limit` where there are more."""
    name, person_id = after or (None, None)
    offer = None if skill is None else [{"skill_id": skill}]
    place = None if region is None else written_alike(region)
    wanted = (unit, site, status, offer, employee_number, name, person_id, limit + 1, country, experience, place)
    return list(await conn.fetch(SQL.list_cards, *wanted))
