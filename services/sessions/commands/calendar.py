"""A person's secret calendar address."""

from uuid import UUID

from services.sessions.domain.feeds import new_token, token_hash
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "calendar")


async def create_feed(conn: Connection, person_id: UUID) -> str:
    """A new token; the one before stops working. Only its hash is kept."""
    token = new_token()
    await conn.execute(SQL.save_feed, person_id, token_hash(token))
    return token


async def revoke_feed(conn: Connection, person_id: UUID) -> None:
    """Their address stops working."""
    await conn.execute(SQL.revoke_feed, person_id)
