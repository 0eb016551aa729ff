"""HR's events through a real broker: people come of them, and what is refused is parked alone."""

from collections.abc import AsyncIterator

import pytest

from services.directory.consumers import HANDLERS
from services.directory.settings import DirectorySettings
from shared import kafka
from shared.db import Database
from shared.envelope import encode
from shared.events.base import Event
from shared.events.hr import WorkerErased
from shared.events.topics import TOPICS
from tests.conftest import numbers
from tests.directory.hr import person_id, reasons, tell, unit, worker
from tests.fixtures.delivery import consuming, producing, until, wire


@pytest.fixture
async def on_broker(settings: DirectorySettings, bootstrap: str) -> DirectorySettings:
    """The directory's settings with topics of this test's own."""
    mine = {"kafka_bootstrap": bootstrap, "topic_prefix": f"d{next(numbers)}-", "instance": f"d{next(numbers)}"}
    found = settings.model_copy(update=mine)
    await kafka.apply_topics(found)
    return found


@pytest.fixture
async def db(on_broker: DirectorySettings) -> AsyncIterator[Database]:
    """A pool on the directory's database."""
    database = await Database.connect(on_broker)
    yield database
    await database.close()


async def publish(settings: DirectorySettings, *events: Event) -> None:
    """As an HR system would."""
    async with producing(settings) as client:
        for event in events:
            headers, value = encode(event, {})
            await client.send_and_wait(wire(settings, event), value, event.key.encode(), headers=headers, partition=0)


def test_what_is_handled_is_what_the_topics_say() -> None:
    assert {cls.topic for cls in HANDLERS} == {topic for topic in TOPICS if "directory" in topic.readers}


async def test_hr_events_become_people_and_a_tombstone_ends_them(on_broker: DirectorySettings, db: Database) -> None:
    await publish(on_broker, unit("ROOT"), unit("U", "ROOT"), worker("M"), worker("E1", "M"), worker("E2", "M"))
    async with consuming(on_broker, db, HANDLERS):
        await until(db, "SELECT count(*) FROM people WHERE unit_path = '{ROOT,U}'", 3)
        async with producing(on_broker) as client:
            await client.send_and_wait(wire(on_broker, WorkerErased), None, b"M", partition=0)
        await until(db, "SELECT count(*) FROM people WHERE manager_id IS NULL", 2)
    async with db.acquire() as conn:
        assert (await reasons(conn, "E1"))[-1] == ("manager_changed",)


async def test_of_two_that_only_together_make_a_cycle_the_later_is_parked_and_the_rest_goes_on(
    on_broker: DirectorySettings, db: Database
) -> None:
    async with db.transaction() as conn:
        await tell(conn, worker("A"), worker("B"), worker("C"))
    batch = [worker("X"), worker("A", "B", seq=2), worker("C", "A", seq=2), worker("B", "C", seq=2), worker("Y", "B")]
    await publish(on_broker, *batch)
    async with consuming(on_broker, db, HANDLERS):
        await until(db, "SELECT count(*) FROM inbox", len(batch))
        await until(db, "SELECT count(*) FROM people", 5)
    async with db.acquire() as conn:
        letters = await conn.fetch("SELECT key, reason, detail FROM dead_letters")
        a, b = await person_id(conn, "A"), await person_id(conn, "B")
        rows = await conn.fetch("SELECT employee_number, manager_id::text FROM people")
        managers = {row[0]: row[1] for row in rows}
    assert [tuple(letter) for letter in letters] == [
        ("B", "refused", "ReportingLineCycle: The reporting line is a cycle: B -> C -> A -> B.")
    ]
    assert managers == {"A": b, "B": None, "C": a, "X": None, "Y": b}
