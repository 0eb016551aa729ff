"""Erasure requests and their receipts."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from shared import sql
from shared.db import Connection
from shared.events.privacy import ErasureCompleted, ErasureRequested

SQL = sql.load("services.directory", "erasures")


async def insert(conn: Connection, requests: Sequence[ErasureRequested]) -> None:
    """Keep requests."""
    columns = [request.request_id for request in requests], [request.person_id for request in requests]
    await conn.execute(SQL.insert_erasures, *columns)


async def insert_receipts(conn: Connection, receipts: Sequence[ErasureCompleted]) -> None:
    """Keep the first receipt of each service for each request."""
    columns = zip(*((receipt.request_id, receipt.service, receipt.rows) for receipt in receipts), strict=True)
    await conn.execute(SQL.insert_receipts, *columns)


async def of_person(conn: Connection, person_id: UUID) -> UUID | None:
    """The request by which somebody was forgotten."""
    found: UUID | None = await conn.fetchval(SQL.erasure_of_person, person_id)
    return found


async def long_gone(conn: Connection, before: date, limit: int) -> list[str]:
    """Employee numbers of some who left before that day and are under no legal hold."""
    return [row["employee_number"] for row in await conn.fetch(SQL.long_gone, before, limit)]


async def close_answered(conn: Connection, services: Sequence[str]) -> int:
    """Close requests that all these services have answered, and return how many."""
    return int((await conn.execute(SQL.close_answered, services)).split()[-1])


async def oldest_waiting(conn: Connection) -> float:
    """Seconds since the oldest request that is not closed; 0 where all are."""
    return float(await conn.fetchval(SQL.oldest_waiting))
