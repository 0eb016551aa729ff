"""Answers that calendars send: iTIP REPLY (RFC 5546 3.2.3), bare or in mail (RFC 6047), as common clients write it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Literal
from uuid import UUID

from icalendar import Calendar, Component, Event

from shared.refusal import InvalidRequest, Refused

CalendarAnswer = Literal["ACCEPTED", "DECLINED", "TENTATIVE"]
UID = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@lateral", re.IGNORECASE)
MAIL = "message/rfc822"


class ReplyOutdated(Refused):
    """It answers an invitation that another one has replaced."""


class AnsweredSince(Refused):
    """They have given another answer after this one, which came first."""


class NotInvited(Refused):
    """Whoever answers was not asked."""


class InvitationWithdrawn(Refused):
    """They were asked, and told since that they are not expected any more."""


@dataclass(frozen=True, slots=True)
class CalendarReply:
    """Who answers what to which invitation."""

    session_id: UUID
    attendee: str
    answer: CalendarAnswer
    sequence: int
    said_at: datetime | None
    """When it was given, where the calendar says so: of two answers to one invitation the later one counts."""


def parse(content: bytes, media_type: str) -> CalendarReply:
    """The reply in a mail or a calendar file. Raises InvalidRequest naming what is wrong."""
    if media_type.split(";", maxsplit=1)[0].strip().lower() != MAIL:
        return _reply(_calendar(content), None)
    mail = message_from_bytes(content, policy=policy.default)
    sender = parseaddr(str(mail.get("From", "")))[1]
    if not sender:
        raise InvalidRequest.naming("From", "names nobody")
    return _reply(_calendar(_part(mail)), sender)


def _part(mail: EmailMessage) -> bytes:
    """The first calendar in it: some send it as the body, some as an alternative, some attach it once more."""
    for part in mail.walk():
        named = (part.get_filename() or "").lower().endswith(".ics")
        if part.get_content_type() in {"text/calendar", "application/ics"} or named:
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                return content
    raise InvalidRequest.naming("body", "holds no text/calendar")


def _calendar(content: bytes) -> Component:
    try:
        return Calendar.from_ical(content)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise InvalidRequest.naming("body", "is not an iCalendar file") from error


def _reply(calendar: Component, sender: str | None) -> CalendarReply:
    method = str(calendar.get("METHOD", "")).upper()
    if method != "REPLY":
        raise InvalidRequest.naming("METHOD", "must be REPLY")
    events = [event for event in calendar.walk("VEVENT") if isinstance(event, Event)]
    if len(events) != 1:
        raise InvalidRequest.naming("VEVENT", f"there must be one, and there are {len(events)}")
    event = events[0]
    uid = UID.fullmatch(str(event.get("UID", "")).strip())
    if uid is None:
        raise InvalidRequest.naming("UID", "is of no invitation of ours")
    attendees = event.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    if len(attendees) != 1:
        raise InvalidRequest.naming("ATTENDEE", "must be the one who answers")
    attendee = re.sub(r"^mailto:", "", str(attendees[0]).strip(), flags=re.IGNORECASE)
    if sender is not None and sender.casefold() != attendee.casefold():
        raise InvalidRequest.naming("From", "is not the ATTENDEE who answers")
    answer = str(getattr(attendees[0], "params", {}).get("PARTSTAT", "")).upper()
    if answer not in {"ACCEPTED", "DECLINED", "TENTATIVE"}:
        raise InvalidRequest.naming("PARTSTAT", "must be ACCEPTED, DECLINED or TENTATIVE")
    try:
        sequence = int(event.get("SEQUENCE", 0))
    except (ValueError, TypeError) as error:
        raise InvalidRequest.naming("SEQUENCE", "is not a number") from error
    return CalendarReply(UUID(uid[1]), attendee, answer, sequence, _said_at(event))  # type: ignore[arg-type]


def _said_at(event: Event) -> datetime | None:
    said = getattr(event.get("DTSTAMP"), "dt", None)
    if not isinstance(said, datetime):
        return None
    try:
        return said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)
    except OverflowError:
        return None
