"""What happened in sessions: facts, with the roll-up in step by the store's triggers."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.metrics import store
from services.metrics.domain.latest import newest
from services.metrics.store import SessionState
from shared.db import Connection
from shared.events.sessions import FeedbackReleased, ParticipationChanged, SessionEvent
from shared.migrate import SchemaMismatch
from shared.telemetry import STALE


async def record_participations(conn: Connection, events: Sequence[ParticipationChanged]) -> None:
    """Record people's parts in sessions; corrections replace, older versions change nothing."""
    await conn.execute(store.FACTS.share_membership)
    applied = await store.apply_participations(conn, events)
    STALE.labels("ParticipationChanged").inc(len(events) - applied)


async def record_sessions(conn: Connection, events: Sequence[SessionEvent], state: SessionState) -> None:
    """Record sessions and what has become of them."""
    sessions = newest(events, lambda session: session.session_id)
    await store.apply_sessions(conn, [(session, state) for session in sessions])


async def record_feedback(conn: Connection, batches: Sequence[FeedbackReleased]) -> None:
    """Record released batches of answers, each once."""
    await store.apply_feedback(conn, list({batch.batch_id: batch for batch in batches}.values()))


async def note_threshold(conn: Connection, k: int) -> int:
    """Note the k that is set, for months that open from now on; this month opens at the latest now."""
    await conn.execute(store.FACTS.note_threshold, k)
    status: str = await conn.execute(store.FACTS.open_months, [store.first_of_month(datetime.now(UTC).date())])
    return int(status.rsplit(" ", 1)[-1])


async def prepare_months(conn: Connection) -> int:
    """Make the partitions of this month and the next two; returns how many were missing."""
    made: int = await conn.fetchval(store.FACTS.ensure_coming_months)
    return made


async def close_months(conn: Connection, before: datetime) -> int:
    """Drop the facts of months that ended before; their sums stay. Returns how many facts went."""
    gone: int = await conn.fetchval(store.FACTS.close_months, before.astimezone(UTC).date())
    await conn.execute(store.FACTS.drop_sets)
    return gone


async def fold_months(conn: Connection) -> int:
    """Fold what facts have added and taken since the last time into the roll-up; returns how many changes that were."""
    folded: int = await conn.fetchval(store.FACTS.fold_months)
    return folded


async def refuse_a_dump(conn: Connection) -> None:
    """Raise SchemaMismatch where what is stored was numbered by another server's transactions.

    What is folded and what readers have been shown is known by transaction: where those begin anew, as after the
    restore of a dump, new facts would pass for old ones. A base backup keeps them.
    """
    if await conn.fetchval(store.FACTS.from_another_server):
        raise SchemaMismatch(
            "this database was loaded from a dump, and its facts are known by the transactions of another server: "
            "restore a base backup, or migrate an empty database and read all topics again (`rebuild`)"
        )
