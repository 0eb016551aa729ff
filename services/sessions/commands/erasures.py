"""Forget people, and say so."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.sessions.commands.programmes import save_changed
from services.sessions.commands.seats import leave
from services.sessions.store.programmes import programme
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.privacy import ErasureCompleted, ErasureRequested
from shared.privacy.forgetting import forget

SQL = sql.load("services.sessions", "erasures")
REACH = sql.load("services.sessions", "forget")
KEEPING = sql.load("services.sessions", "keeping")
KNOWLEDGE = sql.load("services.sessions", "knowledge")
REVIEWS = sql.load("services.sessions", "reviews")
SUGGESTIONS = sql.load("services.sessions", "suggestions")
SAFETY = sql.load("services.sessions", "safety")


async def erase_people(conn: Connection, people: Sequence[UUID]) -> dict[UUID, int]:
    """Delete all that is theirs and return how many rows that touched, by person; the feedback they gave has no author.

    Nothing that arrives later brings them back.
    """
    ids = sorted(set(people))
    await forget(conn, [str(person) for person in ids])
    held: Counter[UUID] = Counter()
    for source in (SQL, REACH, KNOWLEDGE, KEEPING, SUGGESTIONS):
        held.update({row["person_id"]: row["held"] for row in await conn.fetch(source.count_rows, ids)})
    for row in await conn.fetch(SQL.lock_sponsored, ids):
        await save_changed(conn, replace(programme(row), sponsor_id=None))
    await conn.execute(SQL.forget_goals, ids)
    await leave(conn, ids)
    await conn.execute(SQL.erase, ids)
    await conn.execute(REACH.forget, ids)
    await conn.execute(SAFETY.forget, ids)
    await conn.execute(REVIEWS.forget, ids)
    await conn.execute(KNOWLEDGE.forget, ids)
    await conn.execute(KEEPING.forget, ids)
    await conn.execute(SUGGESTIONS.forget, ids)
    remembered = await conn.fetch(SQL.remember_erased, ids, [held[person] for person in ids])
    return {row["person_id"]: row["rows"] for row in remembered}


async def complete_erasures(conn: Connection, causes: Sequence[Envelope[ErasureRequested]]) -> None:
    """Erase, with a receipt for each request."""
    touched = await erase_people(conn, [cause.data.person_id for cause in causes])
    receipts = []
    for cause in causes:
        asked = cause.data
        rows = touched[asked.person_id]
        receipt = ErasureCompleted(
            request_id=asked.request_id, person_id=asked.person_id, service="sessions", rows=rows
        )
        receipts.append((receipt, cause))
    await outbox.append_all(conn, receipts)
