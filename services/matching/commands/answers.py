"""What members say to a proposal, and what becomes of it when they say nothing."""

from datetime import UTC, datetime
from uuid import UUID

from services.matching.domain.match import Answer, Match, UnknownMatch, answered, tell
from services.matching.store import matches
from shared import outbox, sql
from shared.db import Connection

SQL = sql.load("services.matching", "matches")
EXPIRED_AT_ONCE = 500


async def answer(
    conn: Connection, match_id: UUID, person_id: UUID | None, says: Answer, reason_code: str | None = None
) -> Match:
    """One member's answer; the match as it is then. Raises UnknownMatch, MatchOver or NothingToAnswer."""
    found = await matches.lock(conn, [match_id])
    if not found or person_id is None:
        raise UnknownMatch("There is no such match of yours.")
    before = found[0]
    after = answered(before, person_id, says, datetime.now(UTC))
    if after is before:
        return before
    await conn.execute(SQL.answer, match_id, person_id, says, reason_code)
    await matches.save_states(conn, [after])
    if after.state != "proposed":
        await outbox.append(conn, tell(after))
    return after


async def expire(conn: Connection) -> int:
    """End the proposals whose time is over; returns how many that were."""
    late = [match.become("expired") for match in await matches.lock_expired(conn, EXPIRED_AT_ONCE)]
    if late:
        await matches.save_states(conn, late)
        await outbox.append_all(conn, [(tell(match), None) for match in late])
    return len(late)
