"""One round, two workers: each reads what a broker hands it, and together they come to what one process comes to."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from services.matching.commands.rounds import run_round
from services.matching.engine import round as engine
from services.matching.settings import MatchingSettings
from shared import kafka
from shared.db import Database
from shared.events.directory import PersonChanged
from tests.fixtures.delivery import SECONDS, until
from tests.matching.conftest import World
from tests.matching.solving import kept
from tests.matching.world import learner, programme, teacher

pytestmark = pytest.mark.real_broker
numbers = count(1)
PARTS = 12
LOG = """
CREATE TABLE worked (worker uuid PRIMARY KEY);
CREATE FUNCTION log_worker() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO worked VALUES (NEW.worker) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER worked AFTER UPDATE OF found ON shards FOR EACH ROW EXECUTE FUNCTION log_worker();
"""
"""Whose parts were found; the parts themselves are gone when the round is there."""


def crowd() -> list[PersonChanged]:
    """As many skills as parts, each with three learners, two teachers, and nobody who knows another."""
    return [
        person
        for skill in range(PARTS)
        for person in (
            *(learner(skill=f"skill/{skill}", level=level) for level in range(3)),
            *(teacher(skill=f"skill/{skill}", level=level) for level in (3, 5)),
        )
    ]


@asynccontextmanager
async def worker(settings: MatchingSettings) -> AsyncIterator[None]:
    """Matching's worker as a process of its own."""
    environ = os.environ | {
        "LATERAL_MATCHING_DATABASE_URL": settings.database_url,
        "LATERAL_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "LATERAL_KAFKA_SESSION_SECONDS": "6",
        "LATERAL_TOPIC_PREFIX": settings.topic_prefix,
        "LATERAL_INSTANCE": f"solver-{next(numbers)}",
        "LATERAL_LOG_LEVEL": "ERROR",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.matching", "worker", env=environ)
    try:
        yield
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0


async def test_two_workers_take_the_parts_of_a_round_and_make_of_it_what_one_process_makes(
    settings: MatchingSettings, db: Database, world: World, bootstrap: str
) -> None:
    here = settings.model_copy(update={"kafka_bootstrap": bootstrap, "topic_prefix": f"workers{next(numbers)}-"})
    await kafka.apply_topics(here)
    mentoring = programme()
    await world.hear(mentoring)
    await world.hear(*crowd())
    await world.execute("""UPDATE rules SET rules = rules || '{"part_people": 5}'""")
    await world.execute(LOG)
    async with worker(here), worker(here), asyncio.timeout(SECONDS):
        found: dict[str, Any] = {}
        while len(await world.fetch("SELECT FROM worked")) < 2:
            async with db.transaction() as conn:
                found = await run_round(conn, mentoring.programme_id, seed=7, dry_run=True)
            await until(db, f"SELECT solving IS NULL FROM rounds WHERE round_id = '{found['round_id']}'", True)
    (row,) = await world.fetch("SELECT * FROM rounds WHERE round_id = $1", found["round_id"])
    assert (row["report"]["parts"], row["severed"], row["matched"]) == (PARTS, False, 3 * PARTS)
    async with db.acquire() as conn:
        again = await kept(conn, found["round_id"])
    assert engine.run("pair", again.problem).output_digest == row["output_digest"]
    uncut = engine.run("pair", replace(again.problem, rules=replace(again.problem.rules, part_people=1000)))
    assert (uncut.outcome.value, uncut.outcome.bound) == (row["value"], row["bound"])
