"""Ground rules that change, notes, concerns to somebody neutral, and questions without a name."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from services.sessions.domain.group import UnknownGroup
from services.sessions.domain.safety import (
    QUESTIONS,
    ConcernClosed,
    GroupHasEnded,
    NotTheContact,
    NotTheirsToChange,
    TooManyQuestions,
    UnknownConcern,
    UnknownContact,
    signed,
)
from services.sessions.domain.session import UnknownSession
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.follow_up import ConcernRaised

SQL = sql.load("services.sessions", "safety")


async def change_rules(conn: Connection, group_id: UUID, by: UUID | None, text: str) -> dict[str, Any]:
    """The next version of a group's ground rules; everybody accepts it before they join again.

    `by` is None for those who oversee it. Raises UnknownGroup, NotTheirsToChange, GroupHasEnded.
    """
    group = await conn.fetchrow(SQL.lock_group, group_id, by)
    if group is None:
        raise UnknownGroup("There is no such group, or you are not in it.")
    if by is not None and group["facilitator_id"] not in {None, by}:
        raise NotTheirsToChange("The group's facilitator changes its ground rules.")
    if group["state"] == "ended":
        raise GroupHasEnded("The group has ended.", state=group["state"])
    if group["rules_text"] == text:
        return {"group_id": group_id, "version": group["rules_version"], "text": text}
    return _row(await conn.fetchrow(SQL.change_rules, group_id, text))


async def write_note(conn: Connection, session_id: UUID, by: UUID, text: str) -> dict[str, Any]:
    """A note on a session one was asked to. Raises UnknownSession."""
    part = await _part(conn, session_id, by)
    author, private = signed(part["confidentiality"], by)
    # A sortable id would show who wrote in which order.
    return _row(await conn.fetchrow(SQL.insert_note, uuid4(), session_id, author, private, text))


async def appoint_contact(conn: Connection, person_id: UUID) -> UUID:
    """Somebody concerns may be raised to. Raises UnknownContact."""
    if await conn.fetchval(SQL.appoint, person_id) is None:
        raise UnknownContact("Nobody of this id works here.")
    return person_id


async def dismiss_contact(conn: Connection, person_id: UUID) -> None:
    """Concerns go to others from now on, also those that are open."""
    await conn.execute(SQL.dismiss, person_id)


async def raise_concern(conn: Connection, session_id: UUID, by: UUID, text: str) -> Record:
    """Raise a concern about a session one was asked to; it reaches somebody outside one's reporting line.

    Where nobody is, it waits until somebody is. The event counts it and names nobody. Raises UnknownSession.
    """
    part = await _part(conn, session_id, by)
    concern = uuid7()
    await conn.execute(SQL.insert_concern, concern, by, session_id, part["programme_id"], text)
    await _assign(conn, concern)
    month = datetime.now(UTC).date().replace(day=1)
    await outbox.append(conn, ConcernRaised(concern_id=uuid4(), programme_id=part["programme_id"], month=month))
    row = await conn.fetchrow(SQL.lock_concern, concern, by)
    assert row is not None
    return row


async def reply_to_concern(conn: Connection, concern_id: UUID, by: UUID, reply: str, *, close: bool) -> dict[str, Any]:
    """The contact's answer, seen by whoever raised it alone. Raises UnknownConcern, NotTheContact, ConcernClosed."""
    row = await conn.fetchrow(SQL.lock_concern, concern_id, by)
    if row is None:
        raise UnknownConcern("There is no such concern, or it is not yours.")
    if row["contact_id"] != by:
        raise NotTheContact("The one who was turned to answers.")
    if row["state"] == "closed":
        raise ConcernClosed("It is closed.", state="closed")
    return _row(await conn.fetchrow(SQL.reply, concern_id, reply, "closed" if close else "open"))


async def assign_concerns(conn: Connection) -> int:
    """Find somebody for those that wait, and somebody else where a contact is neutral no longer."""
    await conn.execute(SQL.hand_back_conflicting)
    waiting = await conn.fetch(SQL.lock_waiting)
    return sum([await _assign(conn, row["concern_id"]) for row in waiting])


async def ask(conn: Connection, session_id: UUID, by: UUID, question: str) -> None:
    """Put a question into the facilitator's box, without a name. Raises UnknownSession, TooManyQuestions."""
    part = await _part(conn, session_id, by)
    if await conn.fetchval(SQL.count_question, session_id, by) is None:
        raise TooManyQuestions(f"You have asked {QUESTIONS} questions for this session.", state="full")
    await conn.execute(SQL.ask, session_id, question)
    if part["facilitator_id"] is not None:
        await conn.execute(SQL.tell_facilitator, part["facilitator_id"], session_id)


async def _assign(conn: Connection, concern: UUID) -> bool:
    contact = await conn.fetchval(SQL.neutral_contact, concern)
    if contact is None:
        return False
    await conn.execute(SQL.assign, concern, contact)
    return True


async def _part(conn: Connection, session_id: UUID, person_id: UUID) -> Record:
    row = await conn.fetchrow(SQL.get_part, session_id, person_id)
    if row is None:
        raise UnknownSession("There is no such session, or you are not in it.")
    return row


def _row(row: Record | None) -> dict[str, Any]:
    assert row is not None
    return dict(row)
