"""Copies of one's data as they are kept."""

from collections.abc import Sequence
from uuid import UUID

from shared import sql
from shared.db import Connection
from shared.events.privacy import ExportPart

SQL = sql.load("services.directory", "exports")


async def insert(conn: Connection, request_id: UUID, person_id: UUID, days: int, private_key: str) -> None:
    """Keep the request with its key."""
    await conn.execute(SQL.insert_export, request_id, person_id, days, private_key)


async def running(conn: Connection, person_id: UUID) -> UUID | None:
    """The request of the last hour, if there is one."""
    found: UUID | None = await conn.fetchval(SQL.running_export, person_id)
    return found


async def insert_parts(conn: Connection, parts: Sequence[ExportPart]) -> None:
    """Keep answers; duplicates are harmless."""
    rows = [(part.request_id, part.service, part.number, part.of, part.sealed) for part in parts]
    await conn.execute(SQL.insert_parts, *map(list, zip(*rows, strict=True)))


async def expire(conn: Connection) -> int:
    """Delete requests that are over, with keys and answers."""
    return int((await conn.execute(SQL.expire)).split()[-1])


async def forget(conn: Connection, people: Sequence[UUID]) -> None:
    """Delete the requests of these people."""
    await conn.execute(SQL.forget_exports, people)
