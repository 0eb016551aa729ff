"""Who has nobody though no round left them out, and why."""

from collections.abc import Collection, Iterable
from uuid import UUID

from uuid_utils.compat import uuid7

from services.matching.engine.people import Unmatched
from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "left_alone")


async def keep(conn: Connection, programme_id: UUID, left: Iterable[Unmatched]) -> None:
    """Whom a change left without anybody, until they have somebody."""
    if rows := [_row(one) for one in left]:
        await conn.execute(SQL.keep, programme_id, rows)


async def forget(conn: Connection, programme_id: UUID, people: Collection[UUID]) -> None:
    """These have somebody."""
    if people:
        await conn.execute(SQL.forget, programme_id, list(people))


async def asked_by(conn: Connection, programme_id: UUID, round_id: UUID) -> None:
    """Whom a round asked is matched, or told why not, by the round."""
    await forget(conn, programme_id, [row["person_id"] for row in await conn.fetch(SQL.asked, programme_id, round_id)])


async def forget_closed(conn: Connection) -> None:
    """Those of closed programmes are not to be matched any more."""
    await conn.execute(SQL.forget_closed)


def _row(one: Unmatched) -> dict[str, object]:
    return {
        "person_id": str(one.person),
        "left_id": str(uuid7()),
        "reason": one.reason,
        "remaining": [count._asdict() for count in one.left],
        "opens": [count._asdict() for count in one.opens],
        "change": one.change._asdict() if one.change else None,
    }
