"""Sessions as iCalendar (RFC 5545, iTIP RFC 5546): all times in UTC, so that no client's zone tables matter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from icalendar import CLASS, STATUS, Calendar, Event, vCalAddress

from services.sessions.domain.arrangements import Access, Place, described
from services.sessions.domain.attendance import CANCELLED, ParticipantState
from services.sessions.domain.session import SessionState
from shared.events.sessions import Confidentiality, SessionRole

PRODUCT = "-//Lateral//Sessions//EN"
LINE = 75
REFRESH = timedelta(hours=1)
Method = Literal["PUBLISH", "REQUEST", "CANCEL"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One session in one person's calendar; `title` is its format's, `named` its own where it was given one.

    `occurrence`: which one of its group's rule it is, on the clock of the rule's zone.
    """

    session_id: UUID
    version: int
    state: SessionState
    starts_at: datetime
    ends_at: datetime
    changed_at: datetime
    programme_name: str
    title: str
    confidentiality: Confidentiality
    skill: str | None
    role: SessionRole
    answer: ParticipantState
    display_name: str | None
    email: str | None
    named: str | None = None
    occurrence: datetime | None = None
    location: str | None = None
    join_link: str | None = None
    place: Place | None = None
    access: tuple[Access, ...] = ()
    courses: tuple[Mapping[str, str], ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What a calendar says below the title, a sentence each."""
        link = (f"Join: {self.join_link}",) if self.join_link else ()
        return (f"You take part as {self.role}.", *link, *self.arranged)

    @property
    def arranged(self) -> tuple[str, ...]:
        """Place, access and courses, in words."""
        return tuple(one_line(line) for line in described(self.place, self.access, self.courses))

    @property
    def summary(self) -> str:
        """What others may read over a shoulder."""
        return summary(self.confidentiality, self.title, self.named or self.skill or self.programme_name)


def summary(confidentiality: Confidentiality, title: str, subject: str) -> str:
    """A session in one line: a closed one says nothing of its subject."""
    return "Peer learning" if confidentiality == "closed" else one_line(f"{title}: {subject}")


def one_line(text: str) -> str:
    """Without line breaks and control characters: a header ends where its line does."""
    if text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def feed(entries: Iterable[Entry], organizer: str) -> bytes:
    """A person's sessions to subscribe to. Written line by line: a feed is read every hour by everybody."""
    head = _calendar("PUBLISH", [], refresh=REFRESH).decode().removesuffix("END:VCALENDAR\r\n")
    sender = f"ORGANIZER;CN=Peer learning:mailto:{organizer}"
    lines = [line for entry in entries for line in _lines(entry, sender)]
    return "".join((head, *(_folded(line) for line in lines), "END:VCALENDAR\r\n")).encode()


def _lines(entry: Entry, sender: str) -> Iterable[str]:
    """What `_event` says, of a session in a feed."""
    closed, cancelled = entry.confidentiality == "closed", entry.state == "cancelled"
    return (
        "BEGIN:VEVENT",
        f"UID:{entry.session_id}@lateral",
        f"DTSTART:{_utc(entry.starts_at)}",
        f"DTEND:{_utc(entry.ends_at)}",
        f"DTSTAMP:{_utc(entry.changed_at)}",
        f"SEQUENCE:{entry.version}",
        f"SUMMARY:{_escaped(entry.summary)}",
        "DESCRIPTION:" + "\\n".join(_escaped(line) for line in entry.lines),
        *((f"LOCATION:{_escaped(one_line(entry.location))}",) if entry.location else ()),
        f"CLASS:{'PRIVATE' if closed else 'PUBLIC'}",
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
        f"TRANSP:{'TRANSPARENT' if cancelled else 'OPAQUE'}",
        f"X-MICROSOFT-CDO-BUSYSTATUS:{'FREE' if cancelled else 'BUSY'}",
        sender,
        "END:VEVENT",
    )


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19].replace("-", "").replace(":", "") + "Z"


def _escaped(text: str) -> str:
    """TEXT (RFC 5545 3.3.11); a summary has no line breaks."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> str:
    """At most 75 bytes a line, and no character torn apart (RFC 5545 3.1)."""
    if len(line) <= LINE // 4 or len(line.encode()) <= LINE:
        return f"{line}\r\n"
    parts, part, size = [], "", 0
    for char in line:
        width = len(char.encode())
        if size + width > LINE:
            parts.append(part)
            part, size = "", 1
        part, size = part + char, size + width
    return "\r\n ".join((*parts, part)) + "\r\n"


def invitation(entry: Entry, organizer: str) -> bytes:
    """An invitation to answer, or the cancellation of it. The same UID and a higher SEQUENCE replace the one before."""
    event = _event(entry)
    event.organizer = _address(organizer)
    event.organizer.params["CN"] = "Peer learning"
    event.attendees = [_attendee(entry)]
    return _calendar(method_of(entry), [event])


def method_of(entry: Entry) -> Method:
    """REQUEST asks; CANCEL takes back."""
    return "CANCEL" if entry.state == "cancelled" else "REQUEST"


def withdrawn(entry: Entry, sequence: int) -> Entry:
    """The same session for somebody who is not expected any more, whatever becomes of it for the others."""
    return replace(entry, state="cancelled", version=sequence)


def _event(entry: Entry) -> Event:
    event = Event.new(
        uid=f"{entry.session_id}@lateral",
        start=entry.starts_at.astimezone(UTC),
        end=entry.ends_at.astimezone(UTC),
        stamp=entry.changed_at.astimezone(UTC).replace(microsecond=0),
        sequence=entry.version,
        summary=entry.summary,
        description="\n".join(entry.lines),
        location=one_line(entry.location) if entry.location else None,
        classification=CLASS.PRIVATE if entry.confidentiality == "closed" else CLASS.PUBLIC,
        status=STATUS.CANCELLED if entry.state == "cancelled" else STATUS.CONFIRMED,
    )
    cancelled = entry.state == "cancelled"
    event.add("TRANSP", "TRANSPARENT" if cancelled else "OPAQUE")
    # Outlook takes its own word for it, and would show an unanswered invitation as free time without.
    event.add("X-MICROSOFT-CDO-BUSYSTATUS", "FREE" if cancelled else "BUSY")
    return event


def _attendee(entry: Entry) -> vCalAddress:
    address = _address(entry.email or f"{entry.session_id}@lateral.invalid")
    address.params["CUTYPE"] = "INDIVIDUAL"
    address.params["RSVP"] = "TRUE"
    address.params["ROLE"] = "REQ-PARTICIPANT"
    address.params["PARTSTAT"] = _partstat(entry.answer)
    if entry.display_name:
        address.params["CN"] = entry.display_name
    return address


def _partstat(answer: ParticipantState) -> str:
    if answer in CANCELLED:
        return "DECLINED"
    return {"invited": "NEEDS-ACTION", "waitlisted": "TENTATIVE"}.get(answer, "ACCEPTED")


def _address(email: str) -> vCalAddress:
    return vCalAddress(f"mailto:{email}")


def _calendar(method: Method, events: list[Event], refresh: timedelta | None = None) -> bytes:
    calendar = Calendar.new(
        prodid=PRODUCT, method=method, name="Lateral", refresh_interval=refresh, subcomponents=events
    )
    # A random UID of the whole file would make every reading a new one; RFC 7986 wants the type of an interval named.
    del calendar["UID"]
    if refresh is not None:
        calendar["REFRESH-INTERVAL"].params["VALUE"] = "DURATION"
    content: bytes = calendar.to_ical()
    return content
