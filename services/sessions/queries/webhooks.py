"""Webhooks as operators see them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "webhooks")


async def get_webhook(conn: Connection, webhook_id: UUID) -> Record | None:
    """One webhook."""
    return await conn.fetchrow(SQL.list, webhook_id, None, 1)


async def list_webhooks(conn: Connection, *, after: UUID | None, limit: int) -> list[Record]:
    """Oldest first, one more than `limit`."""
    return await conn.fetch(SQL.list, None, after, limit + 1)


async def list_deliveries(
    conn: Connection, webhook_id: UUID, state: str | None, *, after: Sequence[Any] | None, limit: int
) -> list[Record]:
    """In order of what happened, one more than `limit`."""
    return await conn.fetch(SQL.list_deliveries, webhook_id, state, *(after or (None, None)), limit + 1)
