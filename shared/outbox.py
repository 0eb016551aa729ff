"""Puts events beside the change they tell of, in the caller's transaction; the relay publishes them."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import islice
from typing import TypeAlias

from opentelemetry import trace

from shared import sql
from shared.copying import NULL, byteas, copy, field, texts
from shared.db import Connection
from shared.envelope import Envelope, encode
from shared.events.base import Event
from shared.tracing import start, trace_headers

SQL = sql.load("shared", "delivery")
_muted: ContextVar[bool] = ContextVar("muted", default=False)
Row: TypeAlias = tuple[str, str, tuple[str, ...], Sequence[bytes], bytes | None]
Rows: TypeAlias = Sequence[Row]
AT_ONCE = 100
WITHOUT_PAUSE = 20
"""Records made before others have their turn."""
COLUMNS = ("topic", "key", "header_names", "header_values", "value")
KINDS = ("text", "text", "text[]", "bytea[]", "bytea")
FIELDS = len(COLUMNS).to_bytes(2)


async def append(conn: Connection, event: Event, cause: Envelope[Event] | None = None) -> None:
    """Append one event. Lock the aggregate first: the order of appends is the order readers see.

    `cause` is the event being handled, whose trace goes on; else the current span's does. Raises TooLarge.
    """
    if not _muted.get():
        await conn.execute(SQL.append, *row(event, cause))


async def append_with(conn: Connection, event: Event, change: str, *args: object) -> bool:
    """Make a change and append the event that tells of it, in one statement; whether there was a row to change.

    `change` is an INSERT, UPDATE or DELETE that returns what it changes: one row, or none, and then nothing is told.
    """
    if _muted.get():
        return bool(await conn.fetch(change, *args))
    return await conn.execute(_telling(change, len(args)), *args, *row(event)) != "INSERT 0 0"


@cache
def _telling(change: str, arguments: int) -> str:
    own = (f"${arguments + number}::{kind}" for number, kind in enumerate(KINDS, start=1))
    return f"WITH change AS ({change}) INSERT INTO outbox ({', '.join(COLUMNS)}) SELECT {', '.join(own)} FROM change"  # noqa: S608 - both parts are ours


async def append_all(conn: Connection, events: Iterable[tuple[Event, Envelope[Event] | None]]) -> None:
    """Append many, in this order, by COPY: some at a time, so that others get their turn."""
    if _muted.get():
        return
    some = iter(events)
    while chunk := list(islice(some, AT_ONCE)):
        await write(conn, await prepare(chunk))


async def prepare(events: Iterable[tuple[Event, Envelope[Event] | None]]) -> list[Row]:
    """Their finished records for `write`, made while others may use the event loop and the connection."""
    rows: list[Row] = []
    if _muted.get():
        return rows
    for event, cause in events:
        if len(rows) % WITHOUT_PAUSE == 0:
            await asyncio.sleep(0)
        rows.append(row(event, cause))
    return rows


async def write(conn: Connection, rows: Rows) -> None:
    """Append what `prepare` has made."""
    if rows:
        await copy(conn, "outbox", COLUMNS, map(_copied, rows))


@contextmanager
def muted() -> Iterator[None]:
    """Nothing is told while the block runs: for a rebuild, whose events everybody has had."""
    token = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(token)


def is_muted() -> bool:
    """Whether this is a rebuild: a handler that would tell somebody outside asks here first."""
    return _muted.get()


def row(event: Event, cause: Envelope[Event] | None = None) -> Row:
    """The finished record, as `COLUMNS` say it. Raises TooLarge."""
    topic = event.topic.name
    span = start(
        f"create {topic}",
        (cause.span if cause else trace.get_current_span()).get_span_context(),
        trace.SpanKind.PRODUCER,
        {
            "messaging.system": "kafka",
            "messaging.operation.type": "create",
            "messaging.destination.name": topic,
            "lateral.event.type": event.event_type,
        },
    )
    try:
        headers, value = encode(event, trace_headers(span))
    finally:
        span.end()
    names, texts = zip(*headers, strict=True)
    return topic, event.key, names, texts, value


def _copied(one: Row) -> bytes:
    topic, key, names, values, value = one
    return (
        FIELDS + field(topic) + field(key) + texts(names) + byteas(values) + (NULL if value is None else field(value))
    )
