"""A migration takes the time it needs, and waits for nobody's lock for long."""

import pytest

from shared import migrate
from shared.db import connect
from shared.migrate import Migration
from shared.settings import Settings

SLOW = "SELECT pg_sleep(0.5); CREATE TABLE told AS SELECT current_setting('lock_timeout') AS patience;"


async def test_a_migration_may_take_longer_than_a_request(chassis: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backfill is one statement, of a million rows perhaps; what it waits for locks holds everybody up."""
    monkeypatch.setattr(migrate, "migrations", lambda _service: [Migration("metrics", "0001_expand_slow.sql", SLOW)])
    hasty = chassis.model_copy(update={"command_timeout": 0.2})
    assert await migrate.migrate(hasty) == ["metrics/0001_expand_slow.sql"]
    conn = await connect(hasty)
    assert await conn.fetchval("SELECT patience FROM told") == "4s"
    await conn.close()
