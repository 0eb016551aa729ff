"""The quick way to read a CloudEvent's attributes says what the SDK says, or leaves it to the SDK; so does writing."""

from datetime import UTC, date, datetime

from cloudevents.core.bindings.kafka import to_binary
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.attributes import PLAIN_NAMES, RELAYED, plain_attributes, relayed_attributes
from shared.envelope import FORMAT, Raw, Undecodable, _attributes, encode
from shared.events.directory import UnitChanged
from tests.fixtures.delivery import participation
from tests.metrics.world import people

NEEDED = {"content-type", "ce_specversion", "ce_id", "ce_source", "ce_type"}
CHARACTERS = st.sampled_from('aZ09-_/:.+ %"\\~ü\n\t\0{}')
TIMES = st.one_of(
    st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds") + "Z"),
    st.sampled_from(
        ["2026-11-22T10:00:00Z", "2026-13-22T10:00:00Z", "2026-11-22T10:00:00+01:00", "2026-11-22", "soon"]
    ),
)
VALUES = st.one_of(st.sampled_from(["a", "/x", "1"]), st.text(CHARACTERS, max_size=6)).map(str.encode)
TRACE = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"
TEXTS = st.sampled_from([b"/x", b"1", TRACE, b"/x", b"1", TRACE, b"%41", b"", b" ", b"\xc3"])
HEADERS = st.fixed_dictionaries(
    {
        "content-type": st.sampled_from([b"application/json", b"application/json; charset=utf-8", b"text/plain"]),
        "ce_specversion": st.sampled_from([b"1.0", b"0.3"]),
        "ce_id": VALUES,
        "ce_source": VALUES,
        "ce_type": VALUES,
    },
    optional={
        **dict.fromkeys(sorted(PLAIN_NAMES - NEEDED - {"ce_time"}), VALUES),
        "ce_time": TIMES.map(str.encode),
        "ce_odd": VALUES,
        "other": VALUES,
    },
)


def record(headers: dict[str, bytes]) -> Raw:
    return Raw("sessions.participation", 0, 0, b"k", tuple(headers.items()), b"{}")


@given(HEADERS)
def test_whatever_is_read_quickly_the_sdk_reads_alike(headers: dict[str, bytes]) -> None:
    quick = plain_attributes(headers)
    if quick is None:
        return
    try:
        slow = _attributes(record(headers), headers)
    except Undecodable as error:
        message = f"{headers} is refused by the SDK: {error}"
        raise AssertionError(message) from error
    assert quick == replace(slow, data=None, plain=True)


@given(
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(RELAYED), TEXTS), max_size=1),
    st.lists(st.tuples(st.sampled_from([*sorted(PLAIN_NAMES - {"ce_specversion"}), "ce_odd"]), TEXTS), max_size=2),
    st.sampled_from([b"1.0"] * 4 + [b"0.3"]),
)
def test_what_is_read_as_our_relays_the_sdk_reads_alike(
    traced: bool, changed: list[tuple[str, bytes]], others: list[tuple[str, bytes]], version: bytes
) -> None:
    written, _ = encode(participation(people(1)[0], 3), {"traceparent": TRACE.decode()} if traced else {})
    headers = (*(dict(written) | {"ce_specversion": version} | dict(changed)).items(), *others)
    quick = relayed_attributes(headers)
    if quick is None:
        return
    assert len(dict(headers)) == len(headers)
    try:
        slow = _attributes(record(dict(headers)), dict(headers))
    except Undecodable as error:
        message = f"{headers} is refused by the SDK: {error}"
        raise AssertionError(message) from error
    assert quick == replace(slow.with_trace(dict(headers)), data=None, plain=True)


def test_headers_in_another_order_twice_or_of_two_keys_are_left_to_a_closer_look() -> None:
    headers, _ = encode(participation(people(1)[0], 3), {"traceparent": TRACE.decode()})
    assert relayed_attributes(headers) is not None
    other_key = [*headers[:6], ("ce_partitionkey", b"\xc3"), *headers[7:]]
    swapped = [headers[0], headers[2], headers[1], *headers[3:]]
    other_trace = [*headers[:9], ("traceparent", TRACE[:-1] + b"0"), *headers[10:]]
    odd_trace = [(name, b"%41" if value == TRACE else value) for name, value in headers]
    again = [[*headers, headers[-1]], [*headers, ("ce_id", b"x")], [*headers, ("ce_specversion", b"1.0")]]
    for odd in (headers[::-1], headers[:6], swapped, other_key, other_trace, odd_trace, *again, []):
        assert relayed_attributes(odd) is None


def test_what_our_relay_writes_is_read_quickly() -> None:
    (session,) = people(1)
    headers, value = encode(participation(session, 3), {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"})
    assert value is not None
    for quick in plain_attributes(dict(headers)), relayed_attributes(headers):
        assert quick is not None
        assert quick.subject == str(session)
        assert quick.traceparent is not None
        assert quick == replace(_attributes(record(dict(headers)), dict(headers)), data=None, plain=True)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), st.booleans(), st.integers(1, 2**40))
def test_what_is_written_quickly_the_sdk_writes_alike(code: str, traced: bool, version: int) -> None:
    event = UnitChanged(
        code=code, version=version, name="x", parent_code=None, path=(code,), valid_from=date(2026, 1, 1), valid_to=None
    )
    trace = {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "tracestate": "a=b"} if traced else {}
    headers, value = encode(event, trace)
    said = dict(headers)
    assert len(said) == len(headers)
    at = datetime.fromisoformat(said["ce_time"].decode())
    assert at.tzinfo == UTC
    attributes = {
        "id": said["ce_id"].decode(),
        "source": "/directory",
        "type": event.event_type,
        "subject": code,
        "time": at,
        "datacontenttype": "application/json",
        "partitionkey": code,
        "sequence": f"{version:012d}",
        **trace,
    }
    theirs = to_binary(CloudEvent(attributes, value), FORMAT)
    assert theirs.key == code
    assert {**theirs.headers, "ce_time": b""} == {
        **{name: text for name, text in said.items() if name not in trace},
        "ce_time": b"",
    }
    assert {name: text.decode() for name, text in said.items() if name in trace} == trace
