"""How the records of one poll are read and grouped for set-based handlers, and whose traces their work belongs to."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from contextlib import ExitStack
from time import time
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation

from shared.db import Connection
from shared.deadletters import Reason
from shared.envelope import Envelope, Kept, Mark, Raw, Undecodable, decode
from shared.events.base import Event
from shared.kafka import Record, TopicPartition
from shared.telemetry import CONSUMED, CONSUMER_DELAY, observe_all
from shared.tracing import start, trace_parent, tracer, unsampled

H = TypeVar("H", bound=Callable[..., Any])
Place: TypeAlias = tuple[str, int, int]
"""Topic, partition and offset."""
Decoded: TypeAlias = tuple[list[Envelope[Event]], dict[Place, str]]
"""What was decoded, and why the rest was not."""


class Taken(NamedTuple):
    """Records as they were fetched, and what they say."""

    rebalances: int
    """How many there had been when these were fetched."""
    raws: list[Kept]
    decoded: Decoded
    first: dict[TopicPartition, int]
    """Where the records of each partition begin."""
    whole: bool
    """Whether every record is kept as it came."""


class LetGo(Exception):
    """Something went another way than it mostly does, and what it takes to see to it was not kept: take it again."""


def raw_of(record: Record, topic: str) -> Raw:
    """The record, of the topic that is called so here."""
    headers = tuple(record.headers)
    return Raw(topic, record.partition, record.offset, record.key, headers, record.value, record.timestamp)


def read(raws: Sequence[Raw], classes: Mapping[str, type[Event]], hot: Mapping[str, Callable[[bytes], Any]]) -> Decoded:
    """Decode; records of a type nobody here handles are left out."""
    taken = Taken(0, [], ([], {}), {}, whole=True)
    read_on(raws, classes, hot, taken)
    return taken.decoded


def read_on(
    raws: Iterable[Raw], classes: Mapping[str, type[Event]], hot: Mapping[str, Callable[[bytes], Any]], into: Taken
) -> None:
    """Decode, adding to what was taken; what could be read is let go, unless all shall be whole."""
    decoded, broken = into.decoded
    for raw in raws:
        try:
            envelope = decode(raw, classes, hot)
        except Undecodable as error:
            broken[place(raw)] = str(error)
            into.raws.append(raw)
            continue
        if envelope is not None:
            decoded.append(envelope)
        into.raws.append(raw if into.whole else envelope or _mark(raw))


def _mark(raw: Raw) -> Mark:
    return Mark(raw.topic, raw.partition, raw.offset, raw.key, raw.timestamp_ms)


def whole(raws: Sequence[Kept]) -> Sequence[Raw]:
    """These records, as they came. Raises LetGo."""
    if any(type(raw) is not Raw for raw in raws):
        raise LetGo
    return cast("Sequence[Raw]", raws)


def odd(
    broken: Mapping[Place, str], fresh: Iterable[Envelope[Event]], held: Container[tuple[str, str]]
) -> dict[Place, tuple[Reason, str]]:
    """Which records have to be parked and why: what cannot be read, and what waits for an earlier one of its key."""
    waiting = [place(each) for each in fresh if (each.topic, each.key) in held] if held else []
    return {
        **{where: ("undecodable", why) for where, why in broken.items()},
        **dict.fromkeys(waiting, ("held", "an earlier event of this key is parked")),
    }


def count(applied: Iterable[Envelope[Event]]) -> None:
    """Count what was applied, and how long after it had happened."""
    now = time()
    delays: defaultdict[str, Counter[float]] = defaultdict(Counter)
    # Events come in bursts: many are of one millisecond.
    for (topic, at), many in Counter([(envelope.topic, envelope.time) for envelope in applied]).items():
        delays[topic][max(0.0, now - at.timestamp())] += many
    for topic, told in delays.items():
        CONSUMED.labels(topic).inc(told.total())
        observe_all(CONSUMER_DELAY.labels(topic), told)


def unknown(raws: Sequence[Kept], found: Decoded) -> Counter[str]:
    """How many of these, by topic, are of a type nobody here handles."""
    decoded, broken = found
    if len(decoded) + len(broken) == len(raws):
        return Counter()
    known = Counter(envelope.topic for envelope in decoded) + Counter(topic for topic, *_ in broken)
    return Counter(raw.topic for raw in raws) - known


def place(at: Kept) -> Place:
    """Where a record stands."""
    return at.topic, at.partition, at.offset


def named(where: Place) -> dict[str, object]:
    """The same, as fields of a log line."""
    return dict(zip(("topic", "partition", "offset"), where, strict=True))


def runs(envelopes: Sequence[Envelope[Event]]) -> list[tuple[type[Event], list[Envelope[Event]]]]:
    """Group by type for set-based handlers, without ever passing an earlier event of the same key."""
    if len({type(envelope.data) for envelope in envelopes}) == 1:
        return [(_class_of(envelopes[0]), list(envelopes))]
    groups: list[tuple[type[Event], list[Envelope[Event]]]] = []
    reached: dict[tuple[str, str], int] = {}
    latest: dict[type[Event], int] = {}
    for envelope in envelopes:
        cls = _class_of(envelope)
        key = envelope.topic, envelope.key
        earliest = reached.get(key, 0)
        at = latest.get(cls, -1)
        if at < earliest:
            groups.append((cls, []))
            at = latest[cls] = len(groups) - 1
        groups[at][1].append(envelope)
        reached[key] = at
    return groups


def _class_of(envelope: Envelope[Event]) -> type[Event]:
    cls: type[Event] = getattr(envelope.data, "event_class", type(envelope.data))  # a hot one's reader made it
    return cls


def first(lock: Callable[[Connection], Awaitable[None]]) -> Callable[[H], H]:
    """Mark a handler: a batch with an event for it begins with `lock`, whatever else is in it.

    Whoever shares a lock first and wants it alone later waits for another one that does the same.
    """

    def mark(handler: H) -> H:
        handler.first = lock  # type: ignore[attr-defined]
        return handler

    return mark


def last(handler: H) -> H:
    """Mark a handler whose events' work is done after all else of a batch."""
    handler.last = True  # type: ignore[attr-defined]
    return handler


async def begin(conn: Connection, handlers: Iterable[object]) -> None:
    """Take the locks these handlers ask for, each once."""
    for lock in dict.fromkeys(handler.first for handler in handlers if hasattr(handler, "first")):
        await lock(conn)


def traced(envelope: Envelope[Event], spans: ExitStack) -> Envelope[Event]:
    """Give a record of a sampled trace its process span, a child of the span that created the event."""
    if unsampled(envelope.traceparent):
        return envelope
    parent = trace_parent({"traceparent": envelope.traceparent, "tracestate": envelope.tracestate})
    if not parent.trace_flags.sampled:
        return envelope
    span = start(
        f"process {envelope.topic}",
        parent,
        trace.SpanKind.CONSUMER,
        {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.destination.name": envelope.topic,
            "messaging.destination.partition.id": str(envelope.partition),
            "messaging.kafka.offset": envelope.offset,
            "messaging.message.id": envelope.id,
            "lateral.event.type": envelope.type,
        },
    )
    spans.callback(span.end)
    return envelope.under(span)


def around(envelopes: Sequence[Envelope[Event]]) -> ExitStack:
    """What the database's spans belong to: the one trace's span, or a span of its own that links to many."""
    block = ExitStack()
    sampled = [found for envelope in envelopes if (found := envelope.process) and found.is_recording()]
    if len({span.get_span_context().trace_id for span in sampled}) == 1:
        block.enter_context(trace.use_span(sampled[0]))
    elif sampled:
        links = [trace.Link(span.get_span_context()) for span in sampled[:128]]
        block.enter_context(tracer().start_as_current_span("process batch", links=links))
    else:
        block.enter_context(suppress_instrumentation())
    return block
