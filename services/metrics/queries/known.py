"""Whether a programme is one that is known here."""

from uuid import UUID

from shared import sql
from shared.db import Connection
from shared.refusal import InvalidRequest, NotFound

SQL = sql.load("services.metrics", "dimensions")


async def find_programme(conn: Connection, programme_id: UUID) -> None:
    """Raises NotFound for the programme of an address that nobody has told of."""
    if not await conn.fetchval(SQL.programme_known, programme_id):
        detail = "No such programme is known here."
        raise NotFound(detail)


async def check_programme(conn: Connection, programme_id: UUID | None) -> None:
    """Raises InvalidRequest for one that is asked for and nobody has told of: a mistyped one is not an empty one."""
    if programme_id and not await conn.fetchval(SQL.programme_known, programme_id):
        raise InvalidRequest.naming("programme_id", "is not a programme that is known here")
