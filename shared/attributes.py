"""What a CloudEvent says about itself, read the quick way where it is written as our relay and most SDKs write it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Self

import msgspec

DIGITS_TO_0 = bytes.maketrans(b"123456789", b"0" * 9)
PLAIN_TIMES = frozenset({b"0000-00-00T00:00:00Z", b"0000-00-00T00:00:00.000Z", b"0000-00-00T00:00:00.000000Z"})
"""What a time looks like with every digit a 0: found out in a quarter of what a pattern takes."""
ANY_TIME = b"2026-01-01T00:00:00Z"
FEW = 4096
"""Events come in bursts: many are of one millisecond, and many in a row of one aggregate."""
HEX_TO_0 = bytes.maketrans(b"123456789abcdef", b"0" * 15)
PLAIN_UUID = b"00000000-0000-0000-0000-000000000000"
PLAIN_TRACE = b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00"
PLAIN_BYTES = bytes(set(range(0x21, 0x7F)) - {ord("%")})
"""Printable ASCII without `%` and space: nothing that could be escaped or stripped."""
RELAYED = (
    "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type", "ce_partitionkey",
    "ce_traceparent", "ce_specversion", "traceparent",
)  # fmt: skip
"""What our relay writes first, in its order."""
TRACE_NAMES = ("ce_traceparent", "ce_tracestate", "traceparent", "tracestate")
PLAIN_NAMES = frozenset({
    "content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_sequence",
    "ce_partitionkey", "ce_traceparent", "ce_tracestate", "ce_datacontenttype", "traceparent", "tracestate",
})  # fmt: skip


class Attributes(msgspec.Struct, gc=False):
    """What a CloudEvent says about itself, as far as anybody here asks."""

    id: str
    source: str
    type: str
    subject: str | None
    time: datetime | None
    traceparent: str | None
    data: object = None
    """None where the record's value is the data."""
    tracestate: str | None = None
    plain: bool = True
    """Whether any text of it can be kept."""

    def with_trace(self, headers: Mapping[str, bytes]) -> Self:
        """The same; the headers that carry a trace say more of it than the event does."""
        self.traceparent = _header(headers, "traceparent") or self.traceparent
        self.tracestate = _header(headers, "tracestate")
        return self


def _header(headers: Mapping[str, bytes], name: str) -> str | None:
    value = headers.get(name)
    return value.decode("ascii", "ignore") if value else None


def plain_attributes(headers: Mapping[str, bytes]) -> Attributes | None:
    """The attributes of a binary-mode event written as our relay and most SDKs write it; None asks the SDK.

    The SDK takes forty times as long. Whatever is unusual (escapes, odd names, times, versions) is left to it, so that
    both say the same: a test compares them.
    """
    if (
        headers.get("content-type") != b"application/json"
        or headers.get("ce_specversion") != b"1.0"
        or not PLAIN_NAMES.issuperset(headers)
        or not all(headers.values())
        or b"".join(headers.values()).translate(None, PLAIN_BYTES)
    ):
        return None
    try:
        kind, name, source, time = headers["ce_type"], headers["ce_id"], headers["ce_source"], headers["ce_time"]
    except KeyError:
        return None
    at = _plain_time(time)
    if at is None:
        return None
    subject, trace = headers.get("ce_subject"), headers.get("ce_traceparent")
    return Attributes(
        name.decode(),
        source.decode(),
        kind.decode(),
        None if subject is None else subject.decode(),
        at,
        None if trace is None else trace.decode(),
    )


def relayed_attributes(headers: Sequence[tuple[str, bytes]]) -> Attributes | None:
    """As `plain_attributes`, of what our relay has written of an aggregate with a UUID, in a third of the time.

    What many events have in common is read once; None asks for a closer look.
    """
    try:
        (
            (a, name), (b, source), (c, kind), (d, subject), (e, time), (f, content), (g, key),
            (h, trace), (i, version), (j, again), *others,
        ) = headers  # fmt: skip
    except ValueError:
        return None
    if (a, b, c, d, e, f, g, h, i, j) != RELAYED or key != subject or again != trace:
        return None
    if name.translate(HEX_TO_0) != PLAIN_UUID or trace.translate(HEX_TO_0) != PLAIN_TRACE:
        return None
    told, at, known = _in_common(source, kind, content, version, *others), _plain_time(time), plain_uuid(subject)
    if told is None or at is None or known is None:
        return None
    return Attributes(name.decode(), told.source, told.type, known[0], at, trace.decode())


@lru_cache(FEW)
def _in_common(
    source: bytes, kind: bytes, content: bytes, version: bytes, *others: tuple[str, bytes]
) -> Attributes | None:
    """What attributes say of many events: all but the id, the aggregate, the time and the trace."""
    headers = dict(others)
    if len(headers) < len(others) or not headers.keys().isdisjoint({*RELAYED, *TRACE_NAMES}):
        return None
    shared = {"ce_source": source, "ce_type": kind, "content-type": content, "ce_specversion": version}
    return plain_attributes({**headers, **shared, "ce_id": b"0", "ce_time": ANY_TIME})


@lru_cache(FEW)
def _plain_time(text: bytes) -> datetime | None:
    """A moment as most write it; None for every other way, and for a day that is in no calendar."""
    if text.translate(DIGITS_TO_0) not in PLAIN_TIMES:
        return None
    try:
        return datetime.fromisoformat(text.decode())
    except ValueError:
        return None


@lru_cache(FEW)
def plain_uuid(key: bytes) -> tuple[str, int] | None:
    """A UUID as we write it, as text and as a number; None for what is none."""
    return (key.decode(), int(key.replace(b"-", b""), 16)) if key.translate(HEX_TO_0) == PLAIN_UUID else None
