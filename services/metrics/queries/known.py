"""Whether what is asked for by name is known here: a mistyped name is not one of which there is nothing.

What is known here is no secret: everybody reads units in directory and formats in sessions. It is decided by what was
told of units and programmes alone and never by facts, so that a refusal says nothing of who came; and whatever is known
goes on to the rules of confidentiality, of however few people it is.
"""

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
    """Raises InvalidRequest for one that is asked for and nobody has told of."""
    if programme_id and not await conn.fetchval(SQL.programme_known, programme_id):
        raise InvalidRequest.naming("programme_id", "is not a programme that is known here")


async def check_unit(conn: Connection, code: str | None) -> None:
    """Raises InvalidRequest for the code of a unit nobody has told of."""
    if code and not await conn.fetchval(SQL.unit_path, code):
        raise InvalidRequest.naming("unit", "is not the code of a unit that is known here")


async def check_format(conn: Connection, name: str | None) -> None:
    """Raises InvalidRequest for a format no programme has or had, with those there are."""
    if name is None:
        return
    known = [row["format"] for row in await conn.fetch(SQL.formats)]
    if name not in known:
        there = f": there are {', '.join(known)}" if known else ""
        raise InvalidRequest.naming("format", f"is not a format that a programme has{there}")
