"""Legal holds as every service knows them: neither retention nor an erasure touches whoever is under one."""

from collections.abc import Sequence
from uuid import UUID

from shared import sql
from shared.db import Connection
from shared.events.privacy import LegalHoldChanged

SQL = sql.load("shared", "privacy")


async def project(conn: Connection, holds: Sequence[LegalHoldChanged]) -> None:
    """Keep what the directory says; earlier versions change nothing."""
    latest = {hold.person_id: hold for hold in sorted(holds, key=lambda hold: hold.version)}
    rows = [(hold.person_id, hold.version, hold.held) for _, hold in sorted(latest.items())]
    await conn.execute(SQL.project_holds, *map(list, zip(*rows, strict=True)))


async def under_hold(conn: Connection, people: Sequence[UUID]) -> set[UUID]:
    """Which of these are under a legal hold."""
    return {row["person_id"] for row in await conn.fetch(SQL.held, people)}
