"""Requests for help between their rows and the domain."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from services.matching.domain.help import Ask, HelpRequest, Over
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.matching", "help")
COLUMNS = (
    *("request_id", "version", "requester_id", "skill_id", "level", "question", "circle", "state", "helper_id"),
    *("created_at", "next_step_at", "expires_at", "first_offer_at"),
    "engine",
)


async def lock(conn: Connection, request_ids: Sequence[UUID]) -> list[HelpRequest]:
    """These requests, locked in the order of their ids."""
    return await with_asks(conn, await conn.fetch(SQL.lock_requests, request_ids))


async def with_asks(conn: Connection, rows: Sequence[Record]) -> list[HelpRequest]:
    """Rows of requests with everybody who was asked, in the order of the rows."""
    asks: dict[UUID, list[Ask]] = defaultdict(list)
    for row in await conn.fetch(SQL.asks_of, [row["request_id"] for row in rows]):
        asks[row["request_id"]].append(Ask(row["person_id"], row["state"], _over(row)))
    return [HelpRequest(**{name: row[name] for name in COLUMNS}, asks=tuple(asks[row["request_id"]])) for row in rows]


async def may_offer(conn: Connection, request_id: UUID, person_id: UUID) -> bool:
    """Whether a request is on the board for somebody."""
    return bool(await conn.fetch(SQL.list_board, person_id, None, None, 1, request_id))


async def kept_from(conn: Connection, person_id: UUID | None, others: Sequence[UUID]) -> frozenset[UUID]:
    """Whom of others somebody is kept from, by a wish of either."""
    return frozenset(row["person_id"] for row in await conn.fetch(SQL.kept_apart, person_id, others))


def _over(row: Record) -> Over | None:
    over = Over(row["over_version"], row["over_circle"], row["over_first_offer_at"])
    return None if row["over_version"] is None else over


async def save(conn: Connection, requests: Sequence[HelpRequest]) -> None:
    """The new states of locked requests and of whom they asked; each counts one version up."""
    rows = [
        {
            "request_id": str(request.request_id),
            "circle": request.circle,
            "state": request.state,
            "helper_id": str(request.helper_id) if request.helper_id else None,
            "next_step_at": request.next_step_at.isoformat(),
            "first_offer_at": request.first_offer_at.isoformat() if request.first_offer_at else None,
        }
        for request in requests
    ]
    await conn.execute(SQL.save_requests, rows)
    asks = [(request.request_id, ask.person_id, ask.state) for request in requests for ask in request.asks]
    if asks:
        await conn.execute(SQL.save_asks, *map(list, zip(*asks, strict=True)))
