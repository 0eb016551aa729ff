"""Records that could not be handled: parked with their bytes and the reason, listed, replayed, discarded."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import orjson
from msgspec.structs import replace

from shared import outbox, sql, subject_keys
from shared.crashpoint import crashpoint
from shared.db import Connection, Record
from shared.envelope import MAX_BYTES, Kept, Raw
from shared.events.catalogue import EVENTS
from shared.events.topics import DEAD_LETTERS, TOPICS
from shared.subject_keys import subject
from shared.telemetry import PARKED
from shared.tracing import trace_headers

SQL = sql.load("shared", "delivery")
FULL_STATE = {topic.name for topic in TOPICS if topic.full_state}
ERASABLE = {cls.topic.name for cls in EVENTS if cls.tombstone}
"""Topics whose keys can be erased, and whose readers know what a record without a value means."""
KEYS_OF: Mapping[str, frozenset[str]] = {
    topic: frozenset(
        cls.model_fields[cls.key_field].alias or cls.key_field for cls in EVENTS if cls.topic.name == topic
    )
    for topic in ERASABLE
}
"""What the member is called that says whom a record of a topic is about."""
QUOTED = re.compile(rb'"([^"\\]{1,200})"')
TYPES = {cls.event_type for cls in EVENTS}
Reason = Literal["undecodable", "refused", "failed", "held"]


class NotReplayable(Exception):
    """The dead letter cannot be replayed now; says why."""


async def park(conn: Connection, consumer: str, raw: Raw, reason: Reason, detail: str, attempts: int = 1) -> None:
    """Store the record sealed, hold its key back, and tell the dead-letter topic, in the caller's transaction.

    A full-state topic's key is not held: the next good record says everything again and supersedes this one. Of
    somebody who was erased nothing is kept but that there was a record.
    """
    raw = replace(raw, headers=tuple((name.replace("\0", "\\x00"), value) for name, value in raw.headers))
    headers = dict(raw.headers)
    kind, event = _text(headers.get("ce_type")), _text(headers.get("ce_id"))
    whose: bytes | None = subject_of(raw)
    box = await subject_keys.box_to_seal(conn, subject_of(raw), place(raw))
    erased = raw.value is not None and (box is None or await _speaks_of_the_erased(conn, raw, reason))
    box = None if erased else box
    if box is None:
        raw, whose = replace(raw, key=None, headers=(), value=None) if erased else raw, None
    kept = raw if box is None else _through(box.seal, raw)
    stored = await conn.fetchval(
        SQL.insert_dead_letter,
        consumer,
        raw.topic,
        raw.partition,
        raw.offset,
        raw.key_text,
        kind,
        event,
        [name for name, _ in kept.headers],
        [value for _, value in kept.headers],
        kept.key,
        kept.value,
        reason,
        "erased" if erased else detail[:2000].replace("\0", ""),
        attempts,
        whose,
    )
    if stored is None:
        return
    if erased:
        await conn.execute(SQL.close_dead_letter, consumer, stored, "discarded", "the person was erased")
    if raw.key_text is not None and raw.topic not in FULL_STATE:
        await conn.execute(SQL.park_keys, consumer, [raw.topic], [raw.key_text])
    if not outbox.is_muted():
        mirror = _mirror(consumer, kept, reason, kind if kind in TYPES else None, whose or b"")
        await conn.copy_records_to_table("outbox", records=[mirror], columns=outbox.COLUMNS)
    await crashpoint("consumer.while_parking")
    PARKED.labels(reason).inc()


def spoken_of(raw: Raw) -> frozenset[str]:
    """Whom a record is about whose key does not say it: as a member of its JSON does; else, without a key, any word."""
    try:
        said: Any = orjson.loads(raw.value or b"")
    except orjson.JSONDecodeError:
        said = None
    data: Any = said.get("data", said) if isinstance(said, dict) else None
    if isinstance(data, dict) and (told := KEYS_OF.get(raw.topic, frozenset()) & data.keys()):
        return frozenset(str(data[member]) for member in told)
    words = QUOTED.findall(raw.value or b"") if raw.key is None else ()
    return frozenset(word.decode("utf-8", "replace") for word in words)


async def _speaks_of_the_erased(conn: Connection, raw: Raw, reason: Reason) -> bool:
    if reason != "undecodable" and raw.key is not None:
        return False
    return await subject_keys.any_destroyed(conn, [subject(name) for name in spoken_of(raw)])


def subject_of(raw: Raw) -> bytes:
    """Whose key seals it: of a key that can be erased that key's everywhere, else one of its topic's or its own."""
    if raw.key_text is None:
        return subject(place(raw))
    return subject(raw.key_text if raw.topic in ERASABLE else f"{raw.topic} {raw.key_text}")


def place(raw: Raw) -> str:
    """Where a record lies: what is sealed for there opens nowhere else."""
    return f"{raw.topic}/{raw.partition}@{raw.offset}"


def _through(change: Callable[[bytes], bytes], raw: Raw) -> Raw:
    """The record with all its bytes sealed, or opened."""
    return replace(
        raw,
        key=None if raw.key is None else change(raw.key),
        headers=tuple((name, change(value)) for name, value in raw.headers),
        value=None if raw.value is None else change(raw.value),
    )


def _mirror(
    consumer: str, kept: Raw, reason: Reason, kind: str | None, whose: bytes
) -> tuple[str, str, list[str], list[bytes], bytes | None]:
    """The sealed record with where it failed; the table alone keeps what is too large to travel."""
    fits = kept.value is None or len(kept.value) <= MAX_BYTES
    about = {
        "lateral-consumer": consumer,
        "lateral-topic": kept.topic,
        "lateral-partition": str(kept.partition),
        "lateral-offset": str(kept.offset),
        "lateral-type": kind or "",
        "lateral-reason": reason,
        "lateral-value-omitted": "false" if fits else "true",
        **trace_headers(),
    }
    hidden = {*about, "traceparent", "tracestate"}  # sealed they lead nowhere
    headers = [*((n, v) for n, v in kept.headers if n not in hidden), *((n, v.encode()) for n, v in about.items())]
    return (
        DEAD_LETTERS[consumer].name,  # type: ignore[index]
        whose.hex(),
        [name for name, _ in headers],
        [value for _, value in headers],
        kept.value if fits else b"",
    )


async def held(conn: Connection, consumer: str, raws: Sequence[Kept]) -> set[tuple[str, str]]:
    """Which (topic, key) of these are parked. Locks them, so that a replay and the consumer take turns."""
    distinct = {(raw.topic, raw.key): raw for raw in raws if raw.key is not None and raw.topic not in FULL_STATE}
    keys = {(raw.topic, raw.key_text) for raw in distinct.values()}
    if not keys:
        return set()
    rows = await conn.fetch(
        SQL.locked_parked_keys, consumer, sorted({topic for topic, _ in keys}), sorted({str(key) for _, key in keys})
    )
    return {(row["topic"], row["key"]) for row in rows}


async def supersede(conn: Connection, consumer: str, raws: Sequence[Kept]) -> None:
    """Close open dead letters of full-state keys that a later record has just replaced."""
    later = [raw for raw in raws if raw.topic in FULL_STATE and raw.key_text is not None]
    if later:
        await conn.execute(
            SQL.supersede_dead_letters,
            consumer,
            [raw.topic for raw in later],
            [raw.key_text for raw in later],
            [raw.partition for raw in later],
            [raw.offset for raw in later],
        )


async def opened(conn: Connection, row: Record) -> Raw:
    """The record as it came, byte for byte. Raises NotReplayable when its key is gone."""
    headers = tuple(zip(row["header_names"], row["header_values"], strict=True))
    found = Raw(row["topic"], row["partition"], row["record_offset"], row["key_bytes"], headers, row["value"])
    if row["sealed_for"] is None:
        return found
    try:
        return _through((await subject_keys.box_to_open(conn, row["sealed_for"], place(found))).open, found)
    except subject_keys.Unreadable as error:
        message = f"dead letter {row['id']} cannot be read: {error}"
        raise NotReplayable(message) from error


async def show(conn: Connection, consumer: str, number: int) -> Record | None:
    """One dead letter, whole."""
    return await conn.fetchrow(SQL.get_dead_letter, consumer, number)


async def queue(conn: Connection, consumer: str, number: int) -> list[Record]:
    """Lock the key of a dead letter and return all its open ones in order. Raises NotReplayable."""
    row = await show(conn, consumer, number)
    if row is None or row["state"] != "open":
        message = f"dead letter {number} is {row['state'] if row else 'unknown'}"
        raise NotReplayable(message)
    if row["key"] is None or row["topic"] in FULL_STATE:
        return [row]
    await conn.execute(SQL.lock_parked_key, consumer, row["topic"], row["key"])
    return list(await conn.fetch(SQL.open_dead_letters_of_key, consumer, row["topic"], row["key"]))


async def close(
    conn: Connection, consumer: str, row: Record, state: Literal["replayed", "discarded"], why: str
) -> None:
    """Close one, and let its key go on when it was the last."""
    await conn.execute(SQL.close_dead_letter, consumer, row["id"], state, why)
    if row["key"] is not None and not await conn.fetch(
        SQL.open_dead_letters_of_key, consumer, row["topic"], row["key"]
    ):
        await conn.execute(SQL.unpark_key, consumer, row["topic"], row["key"])


def describe(row: Record) -> Mapping[str, object]:
    """What may be shown of a dead letter: everything but its bytes, which may hold personal data."""
    return {
        name: row[name]
        for name in (
            "id",
            "topic",
            "partition",
            "record_offset",
            "event_type",
            "reason",
            "detail",
            "state",
            "parked_at",
        )
    }


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
