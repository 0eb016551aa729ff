"""Take what an organization declares of a programme's worth."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from services.metrics.queries.known import find_programme
from shared import sql
from shared.db import Connection
from shared.refusal import match_version

SQL = sql.load("services.metrics", "declared")


async def declare(
    conn: Connection, programme_id: UUID, name: str, measure: str, said: Mapping[str, object], seen: int | None
) -> None:
    """Write a figure down, or another one in the place of the version that was seen.

    Raises NotFound, PreconditionRequired, PreconditionFailed.
    """
    await find_programme(conn, programme_id)
    today = datetime.now(UTC).date()
    if await conn.fetchval(SQL.add_figure, programme_id, name, measure, today, said):
        return
    match_version(await conn.fetchval(SQL.lock_figure, programme_id, name), seen)
    await conn.execute(SQL.replace_figure, programme_id, name, measure, today, said)
