"""Write down what is asked of the numbers, before they are read."""

from collections.abc import Collection, Mapping

from services.metrics.queries.query_log import NOT_STATED
from shared import sql
from shared.db import Connection

SQL = sql.load("services.metrics", "query_log")


async def note_query(
    conn: Connection, roles: Collection[str], what: str, selection: Mapping[str, object], purpose: str | None = None
) -> None:
    """Note one reading: which roles asked for what, divided and selected how, and what for."""
    asked = {name: value for name, value in selection.items() if value is not None}
    await conn.execute(SQL.note, sorted(roles), what, asked, purpose or NOT_STATED)
