"""What is claimed is claimed once, whichever way it is written."""

from datetime import UTC, datetime
from unittest.mock import patch
from uuid import uuid4

import pytest

from shared import inbox
from shared.db import Database
from shared.envelope import Envelope
from shared.events.base import Event
from tests.fixtures.delivery import participation


def told(source: str, name: str) -> Envelope[Event]:
    event = participation(uuid4(), 1)
    return Envelope(name, source, event.event_type, event.key, datetime.now(UTC), event, "topic", event.key, 0, 0)


@pytest.mark.parametrize("many", [1, 1000])
async def test_a_batch_of_many_sources_is_claimed_in_its_order_without_what_came_twice(db: Database, many: int) -> None:
    batch = [told("/b", "9"), told("/a", "9"), told("/b", "10"), told("/b", "\u00fc"), told("/a", "2"), told("/a", "9")]
    later = [told("/c", "1"), told("/a", "2"), told("/b", "1"), told("/b", "1")]
    with patch.object(inbox, "MANY", many):
        async with db.transaction() as conn:
            assert await inbox.claim(conn, "metrics", batch) == batch[:5]
        async with db.transaction() as conn:
            assert await inbox.claim(conn, "metrics", later) == [later[0], later[2]]
            assert await inbox.claim(conn, "metrics", []) == []
            assert await inbox.claim(conn, "another", [batch[0]]) == [batch[0]]
        async with db.acquire() as conn:
            rows = await conn.fetch("SELECT consumer, source, event_id FROM inbox")
    names = {("metrics", each.source, each.id) for each in (*batch, *later)} | {("another", "/b", "9")}
    assert sorted(map(tuple, rows)) == sorted(names)
