"""What suggestions read, made ready for whom was known before it was kept."""

from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "suggestions")
AT_ONCE = 5000


async def pack_offers(conn: Connection) -> int:
    """Pack the profiles of some whose offers have none yet; returns how many offers that were."""
    return int(await conn.fetchval(SQL.pack_offers, AT_ONCE))
