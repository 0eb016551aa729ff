"""What members say to a proposal, and what becomes of it when they say nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from services.matching.domain.match import Answer, Match, State, UnknownMatch, answered, followed, tell
from services.matching.engine.people import Change, Unmatched
from services.matching.store import left_alone, matches, programmes
from services.matching.store.programmes import Programme
from shared import outbox, sql
from shared.db import Connection

SQL = sql.load("services.matching", "matches")
EXPIRED_AT_ONCE = 500
CAME_TO: Mapping[State, str] = MappingProxyType(
    {"declined": "proposal_declined", "expired": "proposal_expired", "withdrawn": "exchange_off"}
)
"""Why somebody has nobody after a proposal: no more than its own state says."""


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
        agreed = [match.match_id for match in changed if match.state == "accepted"]
        alike = await matches.likeness(conn, agreed) if agreed else {}
        told = [tell(match, likeness=alike.get(match.match_id)) for match in changed]
        await outbox.append_all(conn, [(event, None) for event in told])
        await _leave_alone(conn, changed, person_id)
    return after


async def expire(conn: Connection) -> int:
    """End the proposals whose time is over; returns how many that were."""
    late = [match.become("expired") for match in await matches.lock_expired(conn, EXPIRED_AT_ONCE)]
    if late:
        await matches.save_states(conn, late)
        await outbox.append_all(conn, [(tell(match), None) for match in late])
        await _leave_alone(conn, late)
    return len(late)


async def _leave_alone(conn: Connection, over: Sequence[Match], said_no: UUID | None = None) -> None:
    """Who was to learn in what came to nothing is told so, and what is next; who `said_no` to it knows."""
    by_programme: dict[UUID, list[Match]] = defaultdict(list)
    for match in over:
        if match.state in CAME_TO:
            by_programme[match.programme_id].append(match)
    for programme_id, theirs in sorted(by_programme.items()):
        programme = await programmes.get(conn, programme_id)
        if not programme.published:
            continue  # no round comes next
        alone = [
            Unmatched(one.person_id, CAME_TO[match.state], (), (), _next(programme, match))
            for match in theirs
            for one in match.members
            if one.role == "learner" and one.person_id != said_no
        ]
        await left_alone.keep(conn, programme_id, alone)


def _next(programme: Programme, match: Match) -> Change:
    """Who is suggested can be asked by themselves, but not to exchange."""
    return Change("next_round", 0) if programme.rules.exchange else Change("asked_again", 0, match.skill_id)
