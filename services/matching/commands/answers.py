"""What members say to a proposal, and what becomes of it when they say nothing."""

from datetime import UTC, datetime
from uuid import UUID

from services.matching.domain.match import Answer, Match, UnknownMatch, answered, followed, tell
from services.matching.store import matches
from shared import outbox, sql
from shared.db import Connection

SQL = sql.load("services.matching", "matches")
EXPIRED_AT_ONCE = 500


async def answer(
    conn: Connection, match_id: UUID, person_id: UUID | None, says: Answer, reason_code: str | None = None
) -> Match:
    """One member's answer; the match as it is then. Raises UnknownMatch, MatchOver or NothingToAnswer.

    The legs of an exchange are accepted together, with the last answer; a no to one withdraws the others.
    """
    found = {match.match_id: match for match in await matches.lock_with_legs(conn, [match_id])}
    before = found.pop(match_id, None)
    if before is None or person_id is None:
        raise UnknownMatch("There is no such match of yours.")
    others = list(found.values())
    after = answered(before, person_id, says, datetime.now(UTC), others)
    if after is before:
        return before
    changed = [after, *(leg for other in others if (leg := followed(other, after)) is not other)]
    await conn.execute(SQL.answer, match_id, person_id, says, reason_code)
    await matches.save_states(conn, changed)
    if after.state != "proposed":
        await outbox.append_all(conn, [(tell(match), None) for match in changed])
    return after


async def expire(conn: Connection) -> int:
    """End the proposals whose time is over; returns how many that were."""
    late = [match.become("expired") for match in await matches.lock_expired(conn, EXPIRED_AT_ONCE)]
    if late:
        await matches.save_states(conn, late)
        await outbox.append_all(conn, [(tell(match), None) for match in late])
    return len(late)
