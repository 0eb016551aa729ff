"""A facilitator who is above nobody in the group, chosen in turn, and replaced when the reporting line changes."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from uuid import UUID

from services.sessions.commands.moves import Move, reschedule
from services.sessions.commands.seats import give_up_seats
from services.sessions.domain.group import UnknownGroup
from services.sessions.domain.hours import Hours, Span, minute
from services.sessions.domain.rota import DEFAULT_WEIGHT, Host, Turn, in_turn
from services.sessions.domain.scheduling import fits
from services.sessions.store import formats, people
from services.sessions.store import sessions as store
from shared import sql
from shared.db import Connection, Record
from shared.refusal import InvalidRequest, Refused

SQL = sql.load("services.sessions", "facilitators")
FOUNDING = sql.load("services.sessions", "founding")
PEOPLE = sql.load("services.sessions", "people")
SESSIONS = sql.load("services.sessions", "sessions")
PARTICIPANTS = sql.load("services.sessions", "participants")
AT_A_TIME = 50
DRAWN, DRAWS = 1000, 3
"""How many are looked at for one group at a time, and how often where none of them can be there."""
BEFORE = timedelta(hours=24)
NOBODY = "Nobody who is ready is above no participant and free at its times"


class FacilitatorNotNeutral(Refused):
    """A facilitator has no authority over anybody: above nobody in the reporting line, at any distance."""


async def appoint(conn: Connection, group_id: UUID, wanted: UUID | None = None) -> UUID | None:
    """Give a group the next facilitator in turn, or the one that is wanted; returns who it is, None where nobody may.

    What is to come is rescheduled under them, and they are invited. Raises FacilitatorNotNeutral, InvalidRequest.
    """
    group = await conn.fetchrow(FOUNDING.lock_group, group_id)
    if group is None:
        raise UnknownGroup("There is no such group.")
    upcoming = await conn.fetch(SESSIONS.lock_upcoming_of_groups, [group_id], datetime.now(UTC))
    involved = await _involved(conn, group_id, upcoming, group["facilitator_id"])
    above = {row["person_id"] for row in await conn.fetch(SQL.above, list(involved))}
    if wanted is None:
        turn = await _next(conn, group_id, [*involved, *above], upcoming)
        chosen, why = (turn.host.person_id, turn.why) if turn else (None, NOBODY)
    else:
        pool = await _pool(conn, [], upcoming, "", wanted)
        _check_neutral(wanted, involved, above, {host.person_id for host in pool})
        chosen, why = wanted, "Named by whoever leads the group; above nobody in it"
    await conn.execute(SQL.set_facilitator, group_id, chosen, why)
    await conn.execute(SQL.replace_member, group_id, chosen)
    await _hand_over(conn, upcoming, chosen, why)
    return chosen


async def keep_neutral_after(conn: Connection, moved: Collection[UUID]) -> int:
    """Re-check what those lead who are above people whose manager has changed; groups of a match are matching's."""
    above = [row["person_id"] for row in await conn.fetch(SQL.above, list(moved))]
    rows = await conn.fetch(SQL.conflicts, above, None, True) if above else []
    return await _replace(conn, [row["group_id"] for row in rows])


async def keep_neutral(conn: Connection) -> int:
    """The last check, a day before, whoever chose them: nobody facilitates their own people. A timer's work."""
    rows = await conn.fetch(SQL.conflicts, None, datetime.now(UTC) + BEFORE, False)
    lost = await conn.fetch(SQL.unled)
    return await _replace(conn, [row["group_id"] for row in (*rows, *lost)])


async def _replace(conn: Connection, groups: Sequence[UUID]) -> int:
    found = [await appoint(conn, group_id) for group_id in groups]
    return sum(one is not None for one in found)


async def _involved(
    conn: Connection, group_id: UUID, upcoming: Sequence[Record], facilitator: UUID | None
) -> set[UUID]:
    """Members, and whoever else takes part in what is to come; not the one who facilitates now."""
    members = {
        row["person_id"] for row in await conn.fetch(FOUNDING.get_members, group_id) if row["role"] != "facilitator"
    }
    rows = await conn.fetch(PARTICIPANTS.get_expected, [row["session_id"] for row in upcoming])
    return (members | {row["person_id"] for row in rows if row["role"] != "facilitator"}) - {facilitator}


async def _next(conn: Connection, group_id: UUID, without: Sequence[UUID], upcoming: Sequence[Record]) -> Turn | None:
    """Whose turn it is of those who are drawn for this group; drawn anew where none of them is free."""
    for draw in range(DRAWS):
        place = md5(f"{group_id}/{draw}".encode(), usedforsecurity=False).hexdigest()
        pool = await _pool(conn, without, upcoming, place)
        turn = await _first_free(conn, in_turn(pool, datetime.now(UTC).date()), upcoming)
        if turn or len(pool) + len(without) < DRAWN:  # everybody has been looked at
            return turn
    return None


async def _pool(
    conn: Connection, without: Sequence[UUID], upcoming: Sequence[Record], place: str, wanted: UUID | None = None
) -> list[Host]:
    begins = min((row["starts_at"] for row in upcoming), default=datetime.now(UTC))
    ends = max((row["ends_at"] for row in upcoming), default=begins).date()
    return [
        Host(
            row["person_id"],
            Hours(row["time_zone"], row["work_starts"], row["work_ends"], tuple(sorted(row["work_days"] or ()))),
            DEFAULT_WEIGHT if row["time_budget_minutes"] is None else row["time_budget_minutes"],
            row["assigned"],
            row["facilitator_since"],
        )
        for row in await conn.fetch(SQL.pool, list(without), begins, ends, place, wanted, DRAWN)
    ]


async def _first_free(conn: Connection, turns: Sequence[Turn], upcoming: Sequence[Record]) -> Turn | None:
    """The first in turn who can be there every time."""
    spans = [Span(minute(row["starts_at"]), minute(row["ends_at"])) for row in upcoming]
    if not spans:
        return turns[0] if turns else None
    first, last = min(row["starts_at"] for row in upcoming).date(), max(row["ends_at"] for row in upcoming).date()
    for start in range(0, len(turns), AT_A_TIME):
        some = turns[start : start + AT_A_TIME]
        workers = await people.lock(conn, [turn.host.person_id for turn in some])
        taken = await people.engagements(conn, workers, first, last)
        for turn in some:
            busy = taken.busy.get(turn.host.person_id, [])
            if all(fits(span, [turn.host.hours], [busy]) for span in spans):
                return turn
    return None


def _check_neutral(wanted: UUID, involved: Collection[UUID], above: Collection[UUID], ready: Collection[UUID]) -> None:
    if wanted in above:
        detail = "They are above a participant in the reporting line."
        raise FacilitatorNotNeutral(detail, state="above a participant", person_id=wanted)
    if wanted in involved:
        detail = "They take part themselves: a facilitator is not involved."
        raise FacilitatorNotNeutral(detail, state="takes part", person_id=wanted)
    if wanted not in ready:
        raise InvalidRequest.naming("person_id", "is nobody who is ready to facilitate and here")


async def _hand_over(conn: Connection, upcoming: Sequence[Record], chosen: UUID | None, why: str) -> None:
    # Where nothing changes nobody is invited anew, however often it is looked at.
    upcoming = [row for row in upcoming if row["facilitator_id"] != chosen]
    moves = [Move(replace(store.session(row), facilitator_id=chosen), row["why"], row["flag"], why) for row in upcoming]
    sessions = await reschedule(conn, moves)
    former = {row["facilitator_id"] for row in upcoming} - {chosen, None}
    await give_up_seats(conn, sessions, [(session, person) for session in sessions for person in former])
    if chosen is not None and sessions:
        known = await formats.known(conn)
        rows = [
            (session, chosen, "facilitator", known[found.format].preparation_of("facilitator"))
            for session, found in sessions.items()
        ]
        await conn.execute(PARTICIPANTS.invite, *map(list, zip(*rows, strict=True)))
