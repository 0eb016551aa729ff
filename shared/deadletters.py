"""Records that could not be handled: parked with their bytes and the reason, listed, replayed, discarded."""

from collections.abc import Mapping, Sequence
from typing import Literal

from shared import outbox, sql
from shared.crashpoint import crashpoint
from shared.db import Connection, Record
from shared.envelope import MAX_BYTES, Raw
from shared.events.topics import DEAD_LETTERS, TOPICS
from shared.telemetry import PARKED, trace_headers

SQL = sql.load("shared", "delivery")
FULL_STATE = {topic.name for topic in TOPICS if topic.full_state}
Reason = Literal["undecodable", "refused", "failed", "held"]


class NotReplayable(Exception):
    """The dead letter cannot be replayed now; says why."""


async def park(conn: Connection, consumer: str, raw: Raw, reason: Reason, detail: str, attempts: int = 1) -> None:
    """Store the record, hold its key back, and tell the dead-letter topic, in the caller's transaction.

    A full-state topic's key is not held: the next good record says everything again and supersedes this one.
    """
    headers = dict(raw.headers)
    names, values = [name for name, _ in raw.headers], [value for _, value in raw.headers]
    kind, event = headers.get("ce_type"), headers.get("ce_id")
    stored = await conn.fetchval(
        SQL.insert_dead_letter,
        consumer,
        raw.topic,
        raw.partition,
        raw.offset,
        raw.key_text,
        _text(kind),
        _text(event),
        names,
        values,
        raw.key,
        raw.value,
        reason,
        detail[:2000].replace("\0", ""),
        attempts,
    )
    if stored is None:
        return
    if raw.key_text is not None and raw.topic not in FULL_STATE:
        await conn.execute(SQL.park_keys, consumer, [raw.topic], [raw.key_text])
    await conn.copy_records_to_table("outbox", records=[_mirror(consumer, raw, reason)], columns=outbox.COLUMNS)
    await crashpoint("consumer.while_parking")
    PARKED.labels(reason).inc()


def _mirror(consumer: str, raw: Raw, reason: Reason) -> tuple[str, str, list[str], list[bytes], bytes | None]:
    """The original record with where it failed; the table alone keeps what is too large to travel."""
    fits = raw.value is None or len(raw.value) <= MAX_BYTES
    about = {
        "lateral-consumer": consumer,
        "lateral-topic": raw.topic,
        "lateral-partition": str(raw.partition),
        "lateral-offset": str(raw.offset),
        "lateral-reason": reason,
        "lateral-value-omitted": "false" if fits else "true",
        **trace_headers(),
    }
    headers = [*((n, v) for n, v in raw.headers if n not in about), *((n, v.encode()) for n, v in about.items())]
    return (
        DEAD_LETTERS[consumer].name,  # type: ignore[index]
        raw.key_text or "",
        [name for name, _ in headers],
        [value for _, value in headers],
        raw.value if fits else b"",
    )


async def held(conn: Connection, consumer: str, raws: Sequence[Raw]) -> set[tuple[str, str]]:
    """Which (topic, key) of these are parked. Locks them, so that a replay and the consumer take turns."""
    keys = {(raw.topic, raw.key_text) for raw in raws if raw.key_text is not None and raw.topic not in FULL_STATE}
    if not keys:
        return set()
    rows = await conn.fetch(
        SQL.locked_parked_keys, consumer, sorted({topic for topic, _ in keys}), sorted({str(key) for _, key in keys})
    )
    return {(row["topic"], row["key"]) for row in rows}


async def supersede(conn: Connection, consumer: str, raws: Sequence[Raw]) -> None:
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


def raw(row: Record) -> Raw:
    """The record as it came, byte for byte."""
    headers = tuple(zip(row["header_names"], row["header_values"], strict=True))
    return Raw(row["topic"], row["partition"], row["record_offset"], row["key_bytes"], headers, row["value"])


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
