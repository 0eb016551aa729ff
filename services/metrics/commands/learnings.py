"""Take what a learning management system tells, each statement once, and count it when k people's wait together."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from services.metrics.confidentiality.batches import ripe
from services.metrics.domain.learnings import AnotherStatement, Received
from shared import sql
from shared.db import Connection

SQL = sql.load("services.metrics", "learnings")


async def take_statements(conn: Connection, told: Sequence[Received]) -> list[UUID]:
    """Take all or none, and return their ids in order. Raises AnotherStatement."""
    ids = [statement.statement_id or uuid4() for statement in told]
    by_id: dict[UUID, Received] = {}
    for statement_id, statement in zip(ids, told, strict=True):
        if by_id.setdefault(statement_id, statement).digest != statement.digest:
            raise _another(statement_id)
    digests = [statement.digest for statement in by_id.values()]
    new = {row["statement_id"] for row in await conn.fetch(SQL.receive, list(by_id), digests)}
    for row in await conn.fetch(SQL.digests, sorted(by_id.keys() - new)):
        if row["digest"] != by_id[row["statement_id"]].digest:
            raise _another(row["statement_id"])
    facts = [
        {"statement_id": statement_id, "person_id": statement.person_id, "kind": statement.kind, "at": statement.at}
        for statement_id, statement in by_id.items()
        if statement_id in new and statement.kind and statement.person_id
    ]
    await conn.execute(SQL.add, facts)
    await conn.execute(SQL.withdraw, [by_id[each].voids for each in sorted(new) if by_id[each].voids])
    return ids


def _another(statement_id: UUID) -> AnotherStatement:
    detail = f"There is another statement with the id {statement_id}: nothing was taken."
    return AnotherStatement(detail, statement_id=str(statement_id))


async def count_learnings(conn: Connection, k: int) -> int:
    """A timer's turn: count what k people of a division wait with; returns how many facts that were."""
    rows = await conn.fetch(SQL.waiting)
    groups = sorted(ripe({(row["kind"], row["month"], row["division"]): row["people"] for row in rows}, k))
    if not groups:
        return 0
    counted: int = await conn.fetchval(SQL.count, *map(list, zip(*groups, strict=True)))
    return counted
