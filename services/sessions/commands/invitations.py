"""Keep everybody's calendar true: ask, take back, and take the answers that calendars send."""

from uuid import UUID

from services.sessions.commands.attendance import rsvp
from services.sessions.domain.replies import (
    AnsweredSince,
    CalendarReply,
    InvitationWithdrawn,
    NotInvited,
    ReplyOutdated,
)
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "invitations")
AT_ONCE = 500


async def queue_invitations(conn: Connection) -> int:
    """Queue a message for everybody whose calendar is behind; returns how many.

    What each was last sent is compared with what is: whatever changed a session, and however often that is told again,
    leads to one message a version.
    """
    ids = [row["session_id"] for row in await conn.fetch(SQL.lock_uninvited, AT_ONCE)]
    return int(await conn.fetchval(SQL.queue_invitations, ids)) if ids else 0


async def people_at(conn: Connection, reply: CalendarReply) -> list[UUID]:
    """Whose address it came from."""
    return [row["person_id"] for row in await conn.fetch(SQL.people_at, reply.attendee)]


async def apply_reply(conn: Connection, reply: CalendarReply) -> UUID:
    """Do as a calendar's answer says and return whose it was; a maybe is noted and changes nothing.

    Raises NotInvited, InvitationWithdrawn, ReplyOutdated, AnsweredSince and what `rsvp` raises.
    """
    for person in await people_at(conn, reply):
        sent = await conn.fetchrow(SQL.lock_invitation, reply.session_id, person)
        if sent is None:
            continue
        if reply.sequence < sent["sequence"]:
            detail = "A newer invitation has replaced the one that was answered."
            raise ReplyOutdated(detail, current_sequence=sent["sequence"], state=sent["state"])
        if await conn.fetchval(SQL.answered_since, reply.session_id, person, reply.sequence, reply.said_at):
            raise AnsweredSince("A later answer to the same invitation came first.", state=sent["state"])
        if sent["cancelled"] and sent["state"] != "cancelled":
            raise InvitationWithdrawn("They are not expected in this session any more.", state=sent["state"])
        if reply.answer != "TENTATIVE":
            await rsvp(conn, reply.session_id, person, "accept" if reply.answer == "ACCEPTED" else "decline")
        await _keep(conn, reply, person, "applied")
        return person
    raise NotInvited("Nobody with this address was invited to this session.", state="not invited")


async def keep_refused(conn: Connection, reply: CalendarReply, reason: str) -> None:
    """A refused answer is kept, and whoever gave it is told why."""
    for person in await people_at(conn, reply):
        sent = await conn.fetchrow(SQL.lock_invitation, reply.session_id, person)
        if sent is not None:
            await _keep(conn, reply, person, reason)
            await conn.execute(SQL.queue_refusal, person, reply.session_id, reply.sequence, reason)


async def _keep(conn: Connection, reply: CalendarReply, person: UUID, outcome: str) -> None:
    await conn.execute(SQL.keep_reply, reply.session_id, person, reply.answer, reply.sequence, outcome, reply.said_at)
