"""Messages: what falls due is queued once, claimed when its reader may be disturbed, and settled."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.sessions.commands import feedback_links
from services.sessions.domain.asking import HEADLINES, family
from services.sessions.domain.calendar import Entry
from services.sessions.domain.feedback_links import FeedbackLink
from services.sessions.domain.letters import (
    CALENDAR,
    Text,
    claim_text,
    digest_text,
    linked_text,
    notice_text,
    prompt_text,
    session_text,
)
from services.sessions.domain.messages import (
    ChatAddressTaken,
    Letter,
    MessageNotFailed,
    UnknownMessage,
    next_attempt,
    still_true,
)
from services.sessions.domain.quiet import next_open
from services.sessions.domain.session import WITHOUT_SEAT
from services.sessions.store import formats
from services.sessions.store.entries import entry
from shared import sql
from shared.courier import Outcome
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "messages")
AT_ONCE = 50
UNKNOWN = timedelta(minutes=10)


async def queue_reminders(conn: Connection) -> int:
    """A working day before, to whoever has a seat."""
    return _count(await conn.execute(SQL.queue_reminders))


async def queue_nudges(conn: Connection) -> int:
    """Three days before, to whoever has not answered; two a week at most."""
    return _count(await conn.execute(SQL.queue_nudges))


async def queue_digests(conn: Connection) -> int:
    """What is ahead, for those who want it, when their day begins."""
    return _count(await conn.execute(SQL.queue_digests))


async def tidy(conn: Connection) -> int:
    """Let go of what has come too late, of what was interrupted twice, and of what is long over."""
    done = [await conn.execute(query) for query in (SQL.interrupt, SQL.expire, SQL.prune)]
    return sum(map(_count, done))


async def claim(conn: Connection, channels: Collection[str], home: str) -> list[Letter]:
    """What can be told now, with its text; what its reader shall not hear now is put off, what nobody wants is let go.

    `home`: our address, which links begin with. After an outage nothing floods: what has expired is not sent, and the
    rest goes out at the reader's next good hour.
    """
    await conn.execute(SQL.interrupt)
    rows = await conn.fetch(SQL.claim, AT_ONCE)
    now = datetime.now(UTC)
    entries = await _entries(conn, rows)
    ready, later, never = [], {}, []
    for row in rows:
        if row["status"] is None or row["email"] is None:
            later[row["message_id"]] = now + UNKNOWN  # the directory has not told of them yet
        elif (channel := _channel(row, channels)) is None or not _wanted(row, entries[row["message_id"]]):
            never.append(row["message_id"])
        elif row["kind"] not in RINGS_NOT and (opens := _opens(row, now)) > now:
            later[row["message_id"]] = opens
        else:
            ready.append((row, channel))
    asking = {row["message_id"]: row["subject_id"] for row, _ in ready if _has_link(row)}
    links = await feedback_links.issue(conn, asking.values())
    never += [message for message, prompt in asking.items() if prompt not in links]  # answered meanwhile
    letters = [
        _letter(row, channel, entries[row["message_id"]], links.get(row["subject_id"]), home)
        for row, channel in ready
        if not _has_link(row) or row["subject_id"] in links
    ]
    if later:
        await conn.execute(SQL.postpone, list(later), list(later.values()))
    if never:
        await conn.execute(SQL.drop_unwanted, never)
    return letters


async def settle(conn: Connection, outcomes: Sequence[tuple[Letter, Outcome]]) -> None:
    """Write down what came of each; what may yet be delivered is tried again, ever more seldom."""
    now = datetime.now(UTC)
    rows = []
    for letter, outcome in outcomes:
        again = next_attempt(letter.attempts + 1, outcome.wait, now) if outcome.result == "later" else None
        state = "sent" if outcome.result == "done" else "queued" if again else "failed"
        rows.append((letter.message_id, state, None if state == "sent" else outcome.detail, again))
    await conn.execute(SQL.settle, *map(list, zip(*rows, strict=True)))


async def retry(conn: Connection, message_id: UUID) -> dict[str, Any]:
    """Queue a failed message again. Raises UnknownMessage, MessageNotFailed."""
    row = await conn.fetchrow(SQL.retry, message_id)
    if row is None:
        state = await conn.fetchval(SQL.state_of, message_id)
        if state is None:
            raise UnknownMessage("There is no such message.")
        raise MessageNotFailed(f"It is {state}.", state=state)
    return dict(row)


async def save_preferences(conn: Connection, person_id: UUID, wanted: Mapping[str, Any]) -> None:
    """How somebody wants to be reached; whoever is at a new address in a chat is asked whether it is theirs.

    Raises ChatAddressTaken where somebody else has said so.
    """
    where = (wanted["channel"], wanted["chat_address"])
    if where[1] is not None:
        await conn.execute(SQL.lock_chat_address, *where)
        if await conn.fetchval(SQL.person_in_chat, *where) not in {None, person_id}:
            raise ChatAddressTaken("Somebody else is reached there.", state="taken")
        await conn.execute(SQL.give_way, *where, person_id)
    names = ("channel", "chat_address", "quiet_from", "quiet_to", "digest", "nudges")
    await conn.execute(SQL.save_preferences, person_id, *(wanted[name] for name in names))
    if where[0] in CHATS and where[1] is not None:
        await conn.execute(SQL.queue_confirmation, person_id, *where)


async def _entries(conn: Connection, rows: Sequence[Record]) -> dict[UUID, list[Entry]]:
    found: dict[UUID, list[Entry]] = defaultdict(list)
    known = await formats.known(conn)
    single = [row for row in rows if row["kind"] in SINGLE]
    columns = [[row[name] for row in single] for name in ("message_id", "subject_id", "person_id")]
    digests = [row for row in rows if row["kind"] == "digest"]
    others = [[row[name] for row in digests] for name in ("message_id", "person_id", "about")]
    for query, wanted in ((SQL.entries, [*columns, sorted(WITHOUT_SEAT)]), (SQL.digest_entries, others)):
        for row in await conn.fetch(query, *wanted) if wanted[0] else ():
            values = dict(row)
            found[values.pop("message_id")].append(entry(values, known))
    return found


CHATS = frozenset({"slack", "teams"})
RINGS_NOT = CALENDAR | {"confirmation"}
"""What comes at any hour: it rings nowhere, or was asked for a moment ago."""
UNASKED = frozenset({"nudge", "digest"})
"""What nobody waits for: whoever is on leave or pauses is left in peace."""
SINGLE = frozenset({"invitation", "cancellation", "reply_refused", "reminder", "nudge", "seat", "free_seat"})


def _channel(row: Record, channels: Collection[str]) -> str | None:
    """Where it goes: the calendar by mail, all else where its reader wants it, by mail when that is not set up."""
    if row["status"] == "left":
        return None
    if row["kind"] == "confirmation":
        is_claimed = row["about"] == f"{row['channel']} {row['chat_address']}"
        return row["channel"] if is_claimed and row["channel"] in channels else None
    wanted: str = "mail" if row["kind"] in CALENDAR else row["channel"]
    if wanted == "none" or (wanted in channels and (wanted == "mail" or row["chat_address"])):
        return None if wanted == "none" else wanted
    return "mail" if "mail" in channels else None


def _wanted(row: Record, entries: Sequence[Entry]) -> bool:
    away = row["status"] == "leave" or (row["paused_until"] or date.min) > datetime.now(UTC).date()
    if row["kind"] in UNASKED and (away or (row["kind"] == "nudge" and not row["nudges"])):
        return False
    if row["kind"] in SINGLE or row["kind"] == "digest":
        return bool(entries) and still_true(row["kind"], row["sequence"], entries[0])
    return True


def _opens(row: Record, now: datetime) -> datetime:
    quiet = (row["quiet_from"], row["quiet_to"]) if row["quiet_from"] is not None else None
    return next_open(now, row["time_zone"], row["work_starts"], row["work_ends"], row["work_days"], quiet)


def _has_link(row: Record) -> bool:
    """Whether it asks what a page can ask: a review is written in the portal, beside the work."""
    return row["kind"] == "prompt" and family(row["about"]) in HEADLINES


def _letter(row: Record, channel: str, entries: Sequence[Entry], link: FeedbackLink | None, home: str) -> Letter:
    kind, zone, about = row["kind"], row["time_zone"], row["about"]
    text: Text
    if kind == "digest":
        text = digest_text(entries, zone, about)
    elif kind in SINGLE:
        text = session_text(kind, entries[0], zone, about)
    elif kind == "confirmation":
        text = claim_text(row["display_name"], row["email"], row["person_id"])
    elif link is not None:
        text = linked_text(about, f"{home.rstrip('/')}/feedback/{link.token}", link.until)
    else:
        text = prompt_text(about) if kind == "prompt" else notice_text(about)
    return Letter(
        message_id=row["message_id"],
        kind=kind,
        sequence=row["sequence"],
        attempts=row["attempts"],
        channel=channel,
        address=row["email"] if channel == "mail" else row["chat_address"],
        name=row["display_name"],
        text=text,
        entry=entries[0] if kind in CALENDAR else None,
    )


def _count(status: str) -> int:
    return int(status.rsplit(" ", 1)[-1])
