"""What becomes of upcoming sessions when their match ends or has another facilitator."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from services.sessions.commands.cancellations import cancel
from services.sessions.commands.moves import Move, booking, reschedule
from services.sessions.commands.schedules import schedule_groups
from services.sessions.commands.seats import give_up_seats
from services.sessions.domain.group import CHOSEN_BY_MATCHING, led_by
from services.sessions.domain.settling import Settled, settle
from services.sessions.store import formats, groups, people
from services.sessions.store import sessions as store
from shared import sql
from shared.db import Connection, Record
from shared.envelope import Envelope
from shared.events.matching import CircleChanged, FacilitatorReplaced, MatchEnded, MatchEvent, MatchMember

GROUPS = sql.load("services.sessions", "groups")
MESSAGES = sql.load("services.sessions", "messages")
SESSIONS = sql.load("services.sessions", "sessions")
PARTICIPANTS = sql.load("services.sessions", "participants")
E = TypeVar("E", bound=MatchEvent)
NEW_MEMBERS = "Moved, so that everybody who is in the group now can be there"
NEW_FACILITATOR = "Moved, so that the new facilitator can be there"


async def end_groups(conn: Connection, causes: Sequence[Envelope[MatchEnded]]) -> None:
    """Cancel what is to come; what has been stays."""
    news = await _news(conn, causes)
    if not news:
        return
    rows = [(group, cause.data.reason, cause.data.version) for group, cause in news.items()]
    await conn.execute(GROUPS.end_groups, *map(list, zip(*rows, strict=True)))
    upcoming = await conn.fetch(SESSIONS.lock_upcoming_of_groups, list(news), datetime.now(UTC))
    await cancel(conn, upcoming, news)


async def replace_facilitators(
    conn: Connection, causes: Sequence[Envelope[FacilitatorReplaced | CircleChanged]]
) -> None:
    """Whoever is in the group now takes part in what is to come; a session moves when they cannot all be there."""
    news = await _news(conn, causes)
    if not news:
        return
    found = await groups.without_erased(conn, [cause.data for cause in news.values()])
    members = {group: found[cause.data.match_id] for group, cause in news.items()}
    rows = [(group, led_by(members[group]), cause.data.version) for group, cause in news.items()]
    await conn.execute(GROUPS.set_facilitators, *map(list, zip(*rows, strict=True)), CHOSEN_BY_MATCHING)
    before = await conn.fetch(GROUPS.remove_members, list(news))
    await groups.insert_members(conn, members)
    await _tell_who_stays(conn, before, members, news)
    upcoming = await conn.fetch(SESSIONS.lock_upcoming_of_groups, list(news), datetime.now(UTC))
    if upcoming:
        were = {(row["group_id"], row["person_id"]) for row in before}
        joined = {one.person_id for group, now in members.items() for one in now if (group, one.person_id) not in were}
        await _change_sessions(conn, upcoming, members, joined, news)
    await schedule_groups(conn, list(news), {cause.data.match_id: cause for cause in news.values()})


def _move(row: Record, where: Settled, lead: UUID | None) -> Move:
    """Where neither time nor facilitator changes, only those who come or go hear of it."""
    if lead == row["facilitator_id"]:
        return Move.of(row, where, NEW_MEMBERS)
    why = CHOSEN_BY_MATCHING if lead else None
    return replace(Move.of(row, where, NEW_FACILITATOR, facilitator_id=lead), facilitator_why=why)


async def _tell_who_stays(
    conn: Connection,
    before: Sequence[Record],
    members: Mapping[UUID, Sequence[MatchMember]],
    news: Mapping[UUID, Envelope[Any]],
) -> None:
    """Whoever stays in a circle hears that others have come or gone; those get an invitation or a cancellation."""
    now = {group: {member.person_id for member in found} for group, found in members.items()}
    told = [
        (row["person_id"], news[row["group_id"]].data.match_id, news[row["group_id"]].data.version)
        for row in before
        if isinstance(news[row["group_id"]].data, CircleChanged) and row["person_id"] in now[row["group_id"]]
    ]
    if told:
        await conn.execute(MESSAGES.queue_circle_notices, *map(list, zip(*told, strict=True)))


async def _news(conn: Connection, causes: Sequence[Envelope[E]]) -> dict[UUID, Envelope[E]]:
    """The last event of each group that has not heard of it yet; the groups are locked."""
    latest = {cause.data.match_id: cause for cause in sorted(causes, key=lambda cause: cause.data.version)}
    rows = await conn.fetch(GROUPS.lock_groups_of_matches, list(latest))
    return {
        row["group_id"]: latest[row["match_id"]]
        for row in rows
        if row["match_version"] < latest[row["match_id"]].data.version and row["state"] != "ended"
    }


async def _change_sessions(
    conn: Connection,
    upcoming: Sequence[Record],
    members: Mapping[UUID, Sequence[MatchMember]],
    joined: Collection[UUID],
    causes: Mapping[UUID, Envelope[Any]],
) -> None:
    workers = await people.lock(conn, {member.person_id for found in members.values() for member in found})
    present = {
        group: [m for m in found if m.person_id in workers and not workers[m.person_id].left]
        for group, found in members.items()
    }
    now, known = datetime.now(UTC), await formats.known(conn)
    casts = {row["session_id"]: known[row["format"]].cast(present[row["group_id"]], row["number"]) for row in upcoming}
    prepared = {
        row["session_id"]: {who: known[row["format"]].preparation_of(role) for who, role in casts[row["session_id"]]}
        for row in upcoming
    }
    bookings = [booking(row, prepared[row["session_id"]], now) for row in upcoming]
    requests = [request for request, _ in bookings]
    taken = await people.around(conn, workers, requests, [row["session_id"] for row in upcoming])
    hours = {person: worker.hours for person, worker in workers.items()}
    fixed = {place for place, row in enumerate(upcoming) if row["fixed"]}
    settled = await asyncio.to_thread(settle, bookings, hours, taken.busy, taken.budgets, joined, fixed)
    moves = [_move(row, where, led_by(present[row["group_id"]])) for row, where in zip(upcoming, settled, strict=True)]
    sessions = {row["session_id"]: store.session(row) for row in upcoming}
    changed = [move for move in moves if move.session != sessions[move.session.session_id]]
    await conn.execute(SESSIONS.flag_sessions, list(sessions), [move.flag for move in moves])
    sessions |= await reschedule(conn, changed, causes)
    cast = [
        (session, person, role, prepared[session][person]) for session, found in casts.items() for person, role in found
    ]
    expected = {(session, person) for session, person, *_ in cast}
    pairs = [tuple(row) for row in await conn.fetch(PARTICIPANTS.get_pairs, list(sessions))]
    await give_up_seats(conn, sessions, [pair for pair in pairs if pair not in expected])
    if cast:
        await conn.execute(PARTICIPANTS.invite, *map(list, zip(*cast, strict=True)))
