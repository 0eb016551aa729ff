"""What becomes of upcoming sessions when their match ends or has another facilitator."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from services.sessions.commands.cancellations import cancel
from services.sessions.commands.schedules import schedule_groups
from services.sessions.commands.seats import give_up_seats
from services.sessions.domain.group import led_by
from services.sessions.domain.scheduling import Request, Span, minute, moment, settle
from services.sessions.store import formats, groups, people
from services.sessions.store import sessions as store
from shared import outbox, sql
from shared.db import Connection, Record
from shared.envelope import Envelope
from shared.events.matching import FacilitatorReplaced, MatchEnded, MatchEvent, MatchMember
from shared.events.sessions import SessionRescheduled

GROUPS = sql.load("services.sessions", "groups")
SESSIONS = sql.load("services.sessions", "sessions")
PARTICIPANTS = sql.load("services.sessions", "participants")
E = TypeVar("E", bound=MatchEvent)


async def end_groups(conn: Connection, causes: Sequence[Envelope[MatchEnded]]) -> None:
    """Cancel what is to come; what has been stays."""
    news = await _news(conn, causes)
    if not news:
        return
    rows = [(group, cause.data.reason, cause.data.version) for group, cause in news.items()]
    await conn.execute(GROUPS.end_groups, *map(list, zip(*rows, strict=True)))
    upcoming = await conn.fetch(SESSIONS.lock_upcoming_of_groups, list(news), datetime.now(UTC))
    await cancel(conn, upcoming, news)


async def replace_facilitators(conn: Connection, causes: Sequence[Envelope[FacilitatorReplaced]]) -> None:
    """Whoever is in the group now takes part in what is to come; a session moves when they cannot all be there."""
    news = await _news(conn, causes)
    if not news:
        return
    found = await groups.without_erased(conn, [cause.data for cause in news.values()])
    members = {group: found[cause.data.match_id] for group, cause in news.items()}
    rows = [(group, led_by(members[group]), cause.data.version) for group, cause in news.items()]
    await conn.execute(GROUPS.set_facilitators, *map(list, zip(*rows, strict=True)))
    await conn.execute(GROUPS.remove_members, list(news))
    await groups.insert_members(conn, members)
    upcoming = await conn.fetch(SESSIONS.lock_upcoming_of_groups, list(news), datetime.now(UTC))
    if upcoming:
        await _change_sessions(conn, upcoming, members, news)
    await schedule_groups(conn, list(news), {cause.data.match_id: cause for cause in news.values()})


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
    causes: Mapping[UUID, Envelope[FacilitatorReplaced]],
) -> None:
    workers = await people.lock(conn, {member.person_id for found in members.values() for member in found})
    present = {
        group: [m for m in found if m.person_id in workers and not workers[m.person_id].left]
        for group, found in members.items()
    }
    hours = {person: worker.hours for person, worker in workers.items()}
    bookings = [_booking(row, present[row["group_id"]]) for row in upcoming]
    begin, end = min(row["starts_at"] for row in upcoming), max(row["ends_at"] for row in upcoming)
    horizon = end + timedelta(days=max((request.last - request.due).days for request, _ in bookings) + 2)
    busy = await people.engagements(conn, list(workers), begin, horizon, [row["session_id"] for row in upcoming])
    spans = await asyncio.to_thread(settle, bookings, hours, busy)
    changed = {}
    for row, span in zip(upcoming, spans, strict=True):
        moved = moment(span.start) != row["starts_at"]
        why = "Moved, so that the new facilitator can be there" if moved else row["why"]
        session = replace(
            store.session(row),
            version=row["version"] + 1,
            starts_at=moment(span.start),
            ends_at=moment(span.end),
            facilitator_id=led_by(present[row["group_id"]]),
        )
        changed[session.session_id] = (session, why, row["number"])
    rows = [(s.session_id, s.starts_at, s.ends_at, s.facilitator_id, why) for s, why, _ in changed.values()]
    await conn.execute(SESSIONS.reschedule_sessions, *map(list, zip(*rows, strict=True)))
    await outbox.append_all(conn, [(s.told(SessionRescheduled), causes[s.group_id]) for s, _, _ in changed.values()])
    known = await formats.known(conn)
    cast = [
        (session.session_id, person, role)
        for session, _, number in changed.values()
        for person, role in known[session.format].cast(present[session.group_id], number)
    ]
    expected = {(session, person) for session, person, _ in cast}
    pairs = [tuple(row) for row in await conn.fetch(PARTICIPANTS.get_pairs, list(changed))]
    sessions = {session_id: session for session_id, (session, _, _) in changed.items()}
    await give_up_seats(conn, sessions, [pair for pair in pairs if pair not in expected])
    if cast:
        await conn.execute(PARTICIPANTS.invite, *map(list, zip(*cast, strict=True)))


def _booking(row: Record, present: Sequence[MatchMember]) -> tuple[Request, Span]:
    booked = Span(minute(row["starts_at"]), minute(row["ends_at"]))
    who = tuple(member.person_id for member in present)
    now = minute(datetime.now(UTC))
    return Request(who, booked.end - booked.start, row["due_on"], row["last_on"], now), booked
