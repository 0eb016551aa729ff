"""Ask a group how and how often it wants to meet, and meet so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.commands.cancellations import cancel
from services.sessions.commands.founding import Caller, lock_led
from services.sessions.commands.series import Details, add_series
from services.sessions.domain.polls import (
    NobodyVoted,
    PollApplied,
    PollIsOver,
    PollStillOpen,
    UnknownPoll,
    state_of,
    winner,
)
from services.sessions.domain.recurrence import Recurrence
from shared import sql
from shared.db import Connection, Record
from shared.refusal import InvalidRequest

SQL = sql.load("services.sessions", "plans")
SESSIONS = sql.load("services.sessions", "sessions")
LONGEST = timedelta(days=60)


async def ask(
    conn: Connection, group_id: UUID, question: str, options: Sequence[Mapping[str, Any]], closes_at: datetime,
    caller: Caller,
) -> UUID:  # fmt: skip
    """A poll of a group one leads; its members are told. Returns its id.

    Raises UnknownGroup, NotTheLeader, GroupNotActive, PollStillOpen, InvalidRequest naming the option that cannot be.
    """
    await lock_led(conn, group_id, caller)
    now = datetime.now(UTC)
    if not now < closes_at <= now + LONGEST:
        raise InvalidRequest.naming("closes_at", f"must lie ahead, at most {LONGEST.days} days")
    for number, option in enumerate(options):
        _check(number, option, closes_at)
    if await conn.fetchval(SQL.has_open_poll, group_id):
        raise PollStillOpen("The group is asked something already.", state="open")
    poll_id = uuid7()
    kept = [{**option, "starts_at": option["starts_at"].isoformat()} for option in options]
    await conn.execute(SQL.insert_poll, poll_id, group_id, caller.person_id, question, kept, closes_at)
    await conn.execute(SQL.tell_members, group_id, poll_id, closes_at, caller.person_id)
    return poll_id


async def vote(conn: Connection, poll_id: UUID, option: int, voter: UUID) -> None:
    """One vote each, changed at will until it closes. Raises UnknownPoll, PollIsOver, InvalidRequest."""
    poll = await _lock(conn, poll_id)
    if not await conn.fetchval(SQL.is_member, poll["group_id"], voter):
        raise UnknownPoll("There is no such poll, or it asks others.")
    state = state_of(poll["closes_at"], poll["applied"], datetime.now(UTC))
    if state != "open":
        raise PollIsOver(f"It is {state}.", state=state)
    if option >= len(poll["options"]):
        raise InvalidRequest.naming("option", f"is none of the {len(poll['options'])} there are, counted from 0")
    await conn.execute(SQL.vote, poll_id, voter, option)


async def close(conn: Connection, poll_id: UUID, caller: Caller) -> None:
    """End it before its time; twice is once. Raises UnknownPoll, NotTheLeader."""
    poll = await _lock_led(conn, poll_id, caller)
    if state_of(poll["closes_at"], poll["applied"], datetime.now(UTC)) == "open":
        await conn.execute(SQL.close_poll, poll_id)


async def apply(
    conn: Connection, poll_id: UUID, starts_at: datetime | None, caller: Caller, *, in_place: bool
) -> list[UUID]:
    """Make the series most have voted for; `in_place` of what was still to come. Returns its sessions.

    Raises UnknownPoll, NotTheLeader, PollStillOpen, PollApplied, NobodyVoted, and as `add_series`.
    """
    poll = await _lock_led(conn, poll_id, caller)
    state = state_of(poll["closes_at"], poll["applied"], datetime.now(UTC))
    if state == "open":
        raise PollStillOpen("It is still open: close it first.", state=state)
    if state == "applied":
        raise PollApplied("It has been applied.", state=state)
    chosen = winner(row["option"] for row in await conn.fetch(SQL.votes, poll_id))
    if chosen is None:
        raise NobodyVoted("Nobody has voted: it proposes nothing.", state=state)
    option = poll["options"][chosen]
    if in_place:
        ahead = await conn.fetch(SESSIONS.lock_upcoming_of_groups, [poll["group_id"]], datetime.now(UTC))
        await cancel(conn, ahead, {})
        await conn.execute(SQL.clear_recurrence, poll["group_id"])
    rule = _recurrence(option)
    rule = replace(rule, starts_at=starts_at) if starts_at else rule
    made = await add_series(conn, poll["group_id"], rule, Details(minutes=option["minutes"]), caller)
    await conn.execute(SQL.note_applied, poll_id, chosen)
    return made


def _check(number: int, option: Mapping[str, Any], closes_at: datetime) -> None:
    try:
        first = _recurrence({**option, "starts_at": option["starts_at"].isoformat()}).occurrences()[0]
    except InvalidRequest as error:
        problem = error.fields["errors"][0]  # type: ignore[index]
        raise InvalidRequest.naming(f"options.{number}.{problem['field']}", problem["message"]) from error
    if first <= closes_at:
        raise InvalidRequest.naming(f"options.{number}.starts_at", "must come after the poll has closed")


def _recurrence(option: Mapping[str, Any]) -> Recurrence:
    return Recurrence(option["rrule"], datetime.fromisoformat(option["starts_at"]), option["time_zone"])


async def _lock_led(conn: Connection, poll_id: UUID, caller: Caller) -> Record:
    group_id = await conn.fetchval(SQL.group_of_poll, poll_id)
    if group_id is None:
        raise UnknownPoll("There is no such poll.")
    await lock_led(conn, group_id, caller)  # the group before its poll, as everywhere
    return await _lock(conn, poll_id)


async def _lock(conn: Connection, poll_id: UUID) -> Record:
    poll = await conn.fetchrow(SQL.lock_poll, poll_id)
    if poll is None:
        raise UnknownPoll("There is no such poll.")
    return poll
