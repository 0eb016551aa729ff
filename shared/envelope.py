"""An event in its envelope: CloudEvents 1.0.2 in Kafka binary mode out, binary and structured mode in."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from json import JSONDecodeError
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID, uuid4

import msgspec
import orjson
from cloudevents.core.base import BaseCloudEvent, EventFactory
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.base import Format
from cloudevents.core.formats.json import JSONFormat
from opentelemetry.trace import NonRecordingSpan, Span
from pydantic import ValidationError
from uuid_utils import uuid7

from shared.attributes import Attributes, plain_attributes, plain_uuid, relayed_attributes
from shared.events.base import Event
from shared.refusal import Refused, sent_with_nul
from shared.tracing import trace_parent

E_co = TypeVar("E_co", bound=Event, covariant=True)
MAX_BYTES = 262_144
LONGEST_NAMES = 600
"""Characters of source and id together: what remembers them is an index, whose entries end at 2,704 bytes."""


class Undecodable(Exception):
    """The record is not an event of ours: it is parked with this reason."""


class TooLarge(Refused):
    """The event's JSON is over 256 KiB: it is refused before it enters the outbox."""

    status = 413


class Raw(msgspec.Struct, frozen=True, gc=False):
    """A record as the broker has it, named by its logical topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None
    timestamp_ms: int = 0

    @property
    def key_text(self) -> str | None:
        """The key for people and for parking."""
        return _shown(self.key)


class Mark(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a record that says nothing to us: whoever needs its bytes takes it again."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    timestamp_ms: int

    @property
    def key_text(self) -> str | None:
        """As of the record."""
        return _shown(self.key)


def _shown(key: bytes | None) -> str | None:
    """A key as text: bytes that are not UTF-8 escaped, of a long one the beginning."""
    return None if key is None else key.decode("utf-8", "backslashreplace").replace("\0", "\\x00")[:LONGEST_NAMES]


class Envelope(msgspec.Struct, Generic[E_co], gc=False):
    """An event as it arrived: what it says, who said it when, and where it stood. Nobody changes it.

    A struct, made in a fifth of the time of a dataclass; nothing in it leads back to it.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: E_co
    topic: str
    key: str
    partition: int
    offset: int
    traceparent: str | None = None
    tracestate: str | None = None
    process: Span | None = None
    """The span its processing runs under, where its trace is sampled."""
    timestamp_ms: int = 0

    @property
    def key_text(self) -> str:
        """As of the record."""
        return self.key

    @property
    def span(self) -> Span:
        """What keeps in its trace whatever it causes, and out of sight where the trace is; made for who asks."""
        told = {"traceparent": self.traceparent, "tracestate": self.tracestate}
        return NonRecordingSpan(trace_parent(told)) if self.process is None else self.process

    def under(self, process: Span) -> "Envelope[E_co]":
        """The same, processed under a span."""
        return msgspec.structs.replace(self, process=process)


Kept: TypeAlias = Raw | Envelope[Event] | Mark
"""A record, what it said, or where it stood."""


class _Bytes(Format):
    """Leaves the data of a binary-mode event alone: pydantic reads and writes it, once."""

    def read(self, event_factory: EventFactory | None, data: str | bytes) -> BaseCloudEvent:
        return JSONFormat().read(event_factory, data)

    def write(self, event: BaseCloudEvent) -> bytes:
        return JSONFormat().write(event)

    def write_data(self, data: Any, datacontenttype: str | None) -> bytes:  # noqa: ARG002
        return data if isinstance(data, bytes) else b""

    def read_data(self, body: bytes, datacontenttype: str | None) -> bytes:  # noqa: ARG002
        return body

    def get_content_type(self) -> str:
        return "application/cloudevents+json"


FORMAT = _Bytes()


def encode(event: Event, trace: Mapping[str, str]) -> tuple[list[tuple[str, bytes]], bytes | None]:
    """Headers and value of the finished record, word for word what the CloudEvents SDK makes. Raises TooLarge."""
    value = None if event.tombstone else event.model_dump_json().encode()
    if value is not None and len(value) > MAX_BYTES:
        detail = f"What would be told of this takes {len(value)} bytes; at most {MAX_BYTES} may travel."
        raise TooLarge(detail)
    key = event.key.encode()
    headers = [
        ("ce_id", event_id(event).encode()),
        ("ce_source", event.source.encode()),
        ("ce_type", event.event_type.encode()),
        ("ce_subject", key),
        ("ce_time", _now().encode()),
        ("content-type", b"application/json"),
        ("ce_partitionkey", key),
        *((f"ce_{name}", text.encode()) for name, text in trace.items()),
        ("ce_specversion", b"1.0"),
        *((name, text.encode()) for name, text in trace.items()),
    ]
    if event.sequence is not None:
        headers.append(("ce_sequence", b"%012d" % event.sequence))
    return headers, value


def _now() -> str:
    """Whole milliseconds: some SDKs cut the rest off, and times should survive a round trip."""
    return f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z"


def event_id(event: Event) -> str:
    """UUIDv7 sorts by time; anonymous facts get UUIDv4, so that their ids tell no time."""
    return str(uuid4() if event.topic.name in {"sessions.feedback", "sessions.likeness"} else uuid7())


def decode(
    raw: Raw, classes: Mapping[str, type[Event]], hot: Mapping[str, Callable[[bytes], Any]] | None = None
) -> Envelope[Event] | None:
    """The envelope of a record, or None when nobody here handles its type. Raises Undecodable.

    `hot` reads the types it names faster than pydantic does (`shared/hot.py`).
    """
    if raw.value is None:
        return _decode_tombstone(raw, classes)
    told = relayed_attributes(raw.headers) or _told(raw)
    cls = classes.get(told.type)
    if cls is None:
        return None
    if not told.plain or len(told.source) + len(told.id) > LONGEST_NAMES:
        _check_names(told.source, told.id)
    read = hot.get(told.type) if hot else None
    if cls.topic.name != raw.topic:
        detail = f"{cls.event_type} does not belong on {raw.topic}"
        raise Undecodable(detail)
    event = _parse(cls, raw.value if told.data is None else told.data, read)
    key = _key(raw.key, getattr(event, cls.key_field))
    if key is None:
        detail = f"the record key is not the event's {cls.key_field}"
        raise Undecodable(detail)
    return Envelope(
        told.id,
        told.source,
        told.type,
        told.subject or key,
        told.time or datetime.now(UTC),
        event,
        raw.topic,
        key,
        raw.partition,
        raw.offset,
        told.traceparent,
        told.tracestate,
        None,
        raw.timestamp_ms,
    )


def _told(raw: Raw) -> Attributes:
    """The attributes, however they are written. Raises Undecodable."""
    headers = dict(raw.headers)
    return (plain_attributes(headers) or _attributes(raw, headers)).with_trace(headers)


def _key(key: bytes | None, value: object) -> str | None:
    """The record's key as text, where it is `value` as text."""
    if type(value) is UUID and key is not None and (known := plain_uuid(key)):
        # To compare numbers takes half of what writing one as text does.
        return known[0] if known[1] == value.int else None
    text = str(value)
    return text if key == text.encode() else None


def _attributes(raw: Raw, headers: Mapping[str, bytes]) -> Attributes:
    """The attributes as the CloudEvents SDK reads them, in either mode. Raises Undecodable."""
    assert raw.value is not None
    try:
        event = from_kafka(KafkaMessage(headers=dict(headers), key=raw.key, value=raw.value), FORMAT)
    except Exception as error:
        told = error if isinstance(error, BaseCloudEventException | JSONDecodeError) else type(error).__name__
        detail = f"not a CloudEvent: {told}"  # other messages quote what could not be read
        raise Undecodable(detail) from error
    trace = event.get_extension("traceparent")
    return Attributes(
        event.get_id(),
        event.get_source(),
        event.get_type(),
        event.get_subject(),
        event.get_time(),
        str(trace) if trace else None,
        event.get_data(),
        plain=False,
    )


def _check_names(source: str, name: str) -> None:
    """An event is known by these for weeks: what cannot be kept is nobody's name. Raises Undecodable."""
    both = source + name
    if len(both) > LONGEST_NAMES:
        detail = f"source and id have more than {LONGEST_NAMES} characters"
        raise Undecodable(detail)
    if both.isascii() and "\0" not in both:
        return
    try:
        both.encode()
    except UnicodeEncodeError:
        both = "\0"
    if "\0" in both:
        detail = "source or id holds a character that no database text can hold"
        raise Undecodable(detail)


def _parse(cls: type[Event], data: object, read: Callable[[bytes], Any] | None = None) -> Event:
    try:
        body = data if isinstance(data, bytes) else orjson.dumps(data)
    except RecursionError as error:
        detail = "data nested too deeply"
        raise Undecodable(detail) from error
    except TypeError as error:  # says what, and never which value
        detail = f"data that is not JSON as others read it: {error}"
        raise Undecodable(detail) from error
    if b"\\" in body and (fields := sent_with_nul(body)):  # one byte is found ten times as fast
        detail = f"a NUL character, which no database text can hold: {'; '.join(fields[:5])[:500]}"
        raise Undecodable(detail)
    if read is not None:
        try:  # as often as there are events: `suppress` takes as long as reading one
            return read(body)  # type: ignore[no-any-return]
        except msgspec.DecodeError:  # pydantic takes more, and says what is wrong with the rest
            pass
    try:
        return cls.model_validate_json(body, extra="ignore")
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'event'}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)[:5]
        )
        detail = f"does not fit {cls.event_type}: {reasons}"
        raise Undecodable(detail) from None


def _decode_tombstone(raw: Raw, classes: Mapping[str, type[Event]]) -> Envelope[Event] | None:
    cls = next((cls for cls in classes.values() if cls.tombstone and cls.topic.name == raw.topic), None)
    if cls is None:
        return None
    if not raw.key:
        detail = "a tombstone without a key"
        raise Undecodable(detail)
    headers = dict(raw.headers)
    try:
        event = cls.model_validate({cls.key_field: raw.key.decode()})
    except ValueError as error:
        detail = f"a tombstone whose key is no {cls.key_field}"
        raise Undecodable(detail) from error
    name = _header(headers, "ce_id") or f"{raw.topic}/{raw.partition}/{raw.offset}"
    source = _header(headers, "ce_source") or f"/{raw.topic}"
    _check_names(source, name)
    return Envelope(
        id=name,
        source=source,
        type=cls.event_type,
        subject=event.key,
        time=datetime.now(UTC),
        data=event,
        topic=raw.topic,
        key=event.key,
        partition=raw.partition,
        offset=raw.offset,
        traceparent=_header(headers, "traceparent"),
        tracestate=_header(headers, "tracestate"),
        timestamp_ms=raw.timestamp_ms,
    )


def _header(headers: Mapping[str, bytes], name: str) -> str | None:
    value = headers.get(name)
    return value.decode("ascii", "ignore") if value else None
