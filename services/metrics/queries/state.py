"""The store as one word, and whether its roll-up is what its facts add up to."""

from shared import sql
from shared.db import Connection

SQL = sql.load("services.metrics", "state")


async def state_hash(conn: Connection) -> str | None:
    """A digest of facts and roll-up that does not depend on the order of anything; None when there are none."""
    found: str | None = await conn.fetchval(SQL.state_hash)
    return found


async def months_differ(conn: Connection) -> int:
    """Cells of the roll-up that differ from a recount of the facts."""
    found: int = await conn.fetchval(SQL.months_differ)
    return found
