"""The fast decoder says what pydantic says, whatever comes: the same fields, or nothing."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.metrics.consumers import HANDLERS
from shared.events.base import Event
from shared.events.directory import PersonChanged
from shared.events.sessions import ParticipationChanged
from shared.hot import NotFlat, reader
from tests.fixtures.delivery import participation

HOT = [cls for cls, handler in HANDLERS.items() if getattr(handler, "hot", False)]
GOOD = json.loads(participation(uuid4(), 3).model_dump_json())
ODD: list[Any] = [
    None, True, False, 0, -1, 1.0, 1.5, 2**70, "", " ", "5", "1.0", "x" * 201, "\ud7ff", [], {}, "attended",
    "2026-03-01T09:00:00Z", "2026-03-01T09:00:00", "2026-03-01 09:00:00+02:00", "2026-03-01", 1772355600,
    "2026-03-01T09:00:00.1234567Z", "2026-03-01T24:00:00Z", "2026-02-30T09:00:00Z", "0001-01-01T00:00:00Z",
    "2026-03-01T09:00:60Z", "2026-03-01T09:00:00-23:59", "2026-03-01t09:00:00z", "9999-12-31T23:59:59.999999Z",
    "00000000000040008000000000000001", "00000000-0000-4000-8000-000000000001",
    "{00000000-0000-4000-8000-000000000001}",
    "urn:uuid:00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-00000000000G",
]  # fmt: skip
values = st.one_of(
    st.sampled_from(ODD),
    st.text("ab0:-.\u00e9", max_size=4),
    st.integers(),
    st.uuids().map(str),
    st.datetimes().map(str),
)
changes = st.dictionaries(st.sampled_from([*GOOD, "later"]), values, max_size=3)


def test_there_are_hot_events_and_all_their_fields_are_flat() -> None:
    assert [ParticipationChanged] == HOT
    with pytest.raises(NotFlat):
        reader(PersonChanged)


@pytest.mark.parametrize("cls", HOT)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(changes, st.sets(st.sampled_from(sorted(GOOD)), max_size=2))
def test_what_the_fast_decoder_takes_pydantic_takes_and_reads_alike(
    cls: type[Event], changed: dict[str, Any], gone: set[str]
) -> None:
    body = json.dumps({**{name: value for name, value in GOOD.items() if name not in gone}, **changed}).encode()
    try:
        fast = reader(cls)(body)
    except msgspec.DecodeError:
        return
    slow = cls.model_validate_json(body, extra="ignore")
    assert {name: getattr(fast, name) for name in cls.model_fields} == dict(slow)
    assert [type(getattr(fast, name)) for name in cls.model_fields] == [type(value) for _, value in slow]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{} {}", b"\xff", b'{"a":1,"a":2}', b'{"version":NaN}'])
def test_what_is_no_event_is_left_to_pydantic(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        reader(ParticipationChanged)(body)
    with pytest.raises(ValidationError):
        ParticipationChanged.model_validate_json(body, extra="ignore")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.builds(participation, st.uuids(), st.integers(1, 2**31 - 1), st.uuids()))
def test_an_event_of_ours_never_asks_pydantic(event: ParticipationChanged) -> None:
    fast = reader(ParticipationChanged)(event.model_dump_json().encode())
    assert isinstance(fast.session_id, UUID)
    assert isinstance(fast.session_starts_at, datetime)
    assert {name: getattr(fast, name) for name in ParticipationChanged.model_fields} == dict(event)
