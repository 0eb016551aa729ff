"""The quick way to read a CloudEvent's attributes says what the SDK says, or leaves it to the SDK."""

from hypothesis import given
from hypothesis import strategies as st

from shared.envelope import PLAIN_NAMES, Raw, Undecodable, _attributes, encode, plain_attributes
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
    assert quick == slow._replace(data=None)


def test_what_our_relay_writes_is_read_quickly() -> None:
    (session,) = people(1)
    headers, value = encode(participation(session, 3), {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"})
    assert value is not None
    quick = plain_attributes(dict(headers))
    assert quick is not None
    assert quick.subject == str(session)
    assert quick.traceparent is not None
    assert quick == _attributes(record(dict(headers)), dict(headers))._replace(data=None)
