"""Records that nobody should have sent, around and in their CloudEvents: each is parked, and none holds up the next."""

import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from uuid import uuid4

import orjson
import pytest
from msgspec.structs import replace

from shared.consumer import Consumer
from shared.db import Database
from shared.envelope import LONGEST_NAMES, Raw, encode
from shared.events.sessions import ParticipationChanged
from shared.settings import Settings
from tests.fixtures.delivery import HANDLERS, effects_table, participation

LONG = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=6000))
"""Nothing that would become small by being compressed."""


class Case(NamedTuple):
    """How a record differs from a good one."""

    headers: Mapping[str, bytes] = MappingProxyType({})
    value: bytes | None = None
    key: bytes | None = None
    structured: dict[str, object] | None = None
    reason: str = ""


STRANGE = {
    "NUL in the id": Case({"ce_id": b"a\0b"}, reason="source or id holds a character"),
    "NUL in the source": Case({"ce_source": b"/a\0b"}, reason="source or id holds a character"),
    "a long id": Case({"ce_id": LONG.encode()}, reason=f"source and id have more than {LONGEST_NAMES}"),
    "a long source": Case({"ce_source": LONG.encode()}, reason=f"source and id have more than {LONGEST_NAMES}"),
    "half a character in the id": Case(structured={"id": "ESCAPED"}, reason="source or id holds a character"),
    "half a character in the data": Case(structured={"data": {"format": "ESCAPED"}}, reason="data that is not JSON"),
    "a number beyond counting": Case(structured={"data": {"version": "2**70"}}, reason="data that is not JSON"),
    "NUL in a header's name": Case({"x\0y": b"1"}, value=b"{", reason="does not fit"),
    "a header that is not UTF-8": Case({"x": b"\xff\0"}, value=b"{", reason="not a CloudEvent"),
    "a key that is not UTF-8": Case(key=b"\xff\0", reason="the record key is not"),
    "a long key": Case(key=LONG.encode(), reason="the record key is not"),
    "a moment without a zone": Case(
        value=orjson.dumps(participation(uuid4(), 1).model_dump() | {"session_starts_at": "2026-03-01T09:00:00"}),
        reason=f"does not fit {ParticipationChanged.event_type}: session_starts_at: Input should have timezone info",
    ),
    "another key": Case(key=b"another", reason="the record key is not the event's"),
}


def record(case: Case, offset: int) -> Raw:
    event = participation(uuid4(), 1)
    headers, value = encode(event, {})
    told = {**dict(headers), **case.headers}
    if case.structured is not None:
        whole = {
            "specversion": "1.0",
            "id": "1",
            "source": "/x",
            "type": event.event_type,
            "data": {},
        } | case.structured
        value = orjson.dumps(whole).replace(b'"ESCAPED"', b'"\\ud800"').replace(b'"2**70"', str(2**70).encode())
        told = {"content-type": b"application/cloudevents+json"}
    return Raw(
        event.topic.name,
        0,
        offset,
        case.key or event.key.encode(),
        tuple(told.items()),
        case.value or value,
        1_780_000_000_000,
    )


@pytest.mark.parametrize("name", STRANGE)
async def test_a_strange_record_is_parked_with_the_reason_and_the_next_has_its_effect(
    chassis: Settings, db: Database, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Row 16; where it stands is logged, and nothing of what it says."""
    async with db.transaction() as conn:
        await effects_table(conn)
    raws = [record(Case(), 0), record(STRANGE[name], 1), record(Case(), 2)]
    await Consumer(chassis, db, HANDLERS)._apply(raws)
    async with db.acquire() as conn:
        letters = await conn.fetch("SELECT record_offset, reason, detail FROM dead_letters")
        assert await conn.fetchval("SELECT count(*) FROM effects") == 2
    assert [(letter["record_offset"], letter["reason"]) for letter in letters] == [(1, "undecodable")]
    assert letters[0]["detail"].startswith(STRANGE[name].reason)
    assert [line.__dict__["fields"] for line in caplog.records if line.message == "record parked"] == [
        {"topic": raws[1].topic, "partition": 0, "offset": 1, "reason": "undecodable"}
    ]


async def test_names_as_long_as_may_be_are_kept(chassis: Settings, db: Database) -> None:
    async with db.transaction() as conn:
        await effects_table(conn)
    name = "".join(random.Random(2).choices("ÄÖÜß京都", k=LONGEST_NAMES - len("/sessions")))
    whole = {"specversion": "1.0", "id": name, "source": "/sessions"}
    event = participation(uuid4(), 1)
    data = event.model_dump(mode="json")
    raw = record(Case(structured={**whole, "type": event.event_type, "data": data}), 0)
    await Consumer(chassis, db, HANDLERS)._apply([replace(raw, key=event.key.encode()), record(Case(), 1)])
    async with db.acquire() as conn:
        assert {row["event_id"] for row in await conn.fetch("SELECT event_id FROM effects")} >= {name}
        assert await conn.fetchval("SELECT count(*) FROM dead_letters") == 0
