"""Forgetting a person: out of every match, out of every table, with a receipt."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.matching.commands import projections
from services.matching.commands.introductions import touched_by
from services.matching.commands.reopening import reopen
from services.matching.commands.upkeep import release
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.privacy import ErasureCompleted, ErasureRequested
from shared.privacy.forgetting import forget

SQL = sql.load("services.matching", "rounds")


async def erase(conn: Connection, people: Sequence[UUID], causes: Mapping[UUID, Envelope[Any]]) -> dict[UUID, int]:
    """Forget these people for good; returns how many rows named each."""
    await conn.execute(SQL.deciding)
    left = await release(conn, frozenset(people), [], causes, erased=True)
    introduced = await touched_by(conn, sorted(people))
    await forget(conn, [str(person) for person in sorted(people)])
    rows = await projections.forget(conn, sorted(people))
    await reopen(conn, left, causes, introduced)
    return rows


async def answer_requests(conn: Connection, requests: Sequence[Envelope[ErasureRequested]]) -> None:
    """Forget whom the requests name and say so, one receipt a request."""
    causes = {request.data.person_id: request for request in requests}
    rows = await erase(conn, list(causes), causes)
    receipts = [
        (
            ErasureCompleted(
                request_id=request.data.request_id,
                person_id=request.data.person_id,
                service="matching",
                rows=rows[request.data.person_id],
            ),
            request,
        )
        for request in requests
    ]
    await outbox.append_all(conn, receipts)
