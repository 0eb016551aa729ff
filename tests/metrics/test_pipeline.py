"""How far the numbers can be trusted, in numbers (MEASUREMENT 16)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from services.metrics.commands import freshness
from services.metrics.domain.measures import MEASURES
from services.metrics.queries.measures import get_measure
from services.metrics.queries.release import Release
from services.metrics.queries.scope import Scope, Window
from shared import deadletters, inbox, outbox
from shared.db import Connection
from shared.envelope import Raw
from shared.timers import HOUSEKEEPING
from tests.metrics.world import envelope, person


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_nineteen_of_twenty_events_are_as_fresh_as_it_says(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    monkeypatch.setattr(freshness, "time", now.timestamp)
    await freshness.record_lag(conn, [*[now - timedelta(seconds=2)] * 19, now - timedelta(hours=1)])
    table = await get_measure(conn, Release(conn, 5), MEASURES["freshness_seconds"], Scope(Window.covering(None, None)))
    (cell,) = table.cells
    assert cell.n == 20
    assert cell.value is not None
    assert 2 <= cell.value <= 2 * 1.125


async def test_what_waits_what_is_parked_and_what_came_twice_are_counted(conn: Connection) -> None:
    await outbox.append(conn, person(uuid4()))
    await conn.execute("UPDATE outbox SET created_at = now() - interval '90 seconds'")
    letter = Raw("directory.people", 0, 7, b"k", (), b"{")
    rejected = {"reason": "undecodable"}
    before = counted("lateral_dlq_messages_total", **rejected), counted("lateral_inbox_duplicates_total")
    await deadletters.park(conn, "metrics", letter, "undecodable", "is no event")
    known: Any = envelope(person(uuid4()))
    assert await inbox.claim(conn, "metrics", [known]) == [known]
    assert await inbox.claim(conn, "metrics", [known]) == []
    (measure,) = (timer for timer in HOUSEKEEPING if timer.name == "backlog-measure")
    await measure.run(conn)
    assert counted("lateral_outbox_oldest_age_seconds") >= 90
    assert counted("lateral_dlq_open") == 1
    after = counted("lateral_dlq_messages_total", **rejected), counted("lateral_inbox_duplicates_total")
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)
