import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from services.metrics.commands.freshness import fold_lag
from services.metrics.consumers import HANDLERS
from services.metrics.queries.freshness import get_freshness
from services.metrics.queries.state import months_differ
from services.metrics.settings import MetricsSettings
from services.metrics.store import FACTS
from shared import kafka
from shared.consumer import Consumer, Handler
from shared.db import Connection, Database
from shared.envelope import Envelope, Raw, encode
from shared.events.base import Event
from shared.events.privacy import ErasureRequested
from shared.events.topics import TOPICS
from tests.conftest import numbers
from tests.fixtures.delivery import consuming, producing, until, wire
from tests.metrics.world import OCTOBER, deliver, held, part, people, person, programme

LOCKS = """
SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_database AS here ON here.oid = database
WHERE locktype = 'advisory' AND objid = 7300010 AND datname = current_database()
"""
"""Who holds the lock of people's history or waits for it."""


def test_every_topic_we_are_said_to_read_has_a_handler() -> None:
    said = {topic.name for topic in TOPICS if "metrics" in topic.readers}
    assert {cls.topic.name for cls in HANDLERS} == said


async def test_events_through_the_broker_become_facts_once(
    settings: MetricsSettings, bootstrap: str, db: Database
) -> None:
    number = next(numbers)
    settings = settings.model_copy(
        update={"kafka_bootstrap": bootstrap, "topic_prefix": f"t{number}-", "instance": f"i{number}"}
    )
    await kafka.apply_topics(settings)
    crowd, session = people(40), uuid4()
    events = [programme(), *(person(one) for one in crowd), held(session), *(part(session, one) for one in crowd)]
    async with producing(settings) as client:
        sent = []
        for event in events:
            headers, value = encode(event, {})
            sent += [
                await client.send(wire(settings, event), value, event.key.encode(), headers=headers) for _ in range(2)
            ]
        await asyncio.gather(*sent)
    async with consuming(settings, db, HANDLERS):
        await until(db, "SELECT coalesce(sum(attended), 0)::int FROM kept_months", 40)
        await until(db, "SELECT count(*) FROM membership", 40)
    async with db.acquire() as conn:
        assert await months_differ(conn) == 0
        assert (await get_freshness(conn)).events == len(events)
        assert await conn.fetchval("SELECT count(*) FROM participations WHERE unit_path = '{org,sales}'") == 40


async def test_single_lags_fold_into_hours_and_lose_none(conn: Connection) -> None:
    await deliver(conn, [person(one) for one in people(7)])
    await conn.execute("UPDATE lag_samples SET visible_at = now() - interval '1 minute'")
    before = await get_freshness(conn)
    assert await fold_lag(conn) == 1
    assert await conn.fetchval("SELECT count(*) FROM lag_samples") == 0
    after = await get_freshness(conn)
    assert (after.events, after.p50, after.last_event_at) == (7, before.p50, before.last_event_at)
    assert await fold_lag(conn) == 0


def records(partition: int, *events: Event) -> list[Raw]:
    """Events as they come from the broker in one poll, in this order."""
    encoded = [(event, *encode(event, {})) for event in events]
    return [
        Raw(event.topic.name, partition, offset, event.key.encode(), tuple(headers), value)
        for offset, (event, headers, value) in enumerate(encoded)
    ]


async def test_two_processes_that_read_facts_and_then_people_do_not_lock_each_other_out(
    settings: MetricsSettings, db: Database
) -> None:
    arrived: list[int] = []

    def meeting(handler: Handler) -> Handler:
        """Whoever comes first goes on when the other one has the lock of people too, or waits for it."""

        async def handle(conn: Connection, batch: Sequence[Envelope[Any]]) -> None:
            await handler(conn, batch)
            arrived.append(1)
            if len(arrived) == 1:
                await until(db, LOCKS, 2)

        handle.__dict__ |= vars(handler)
        return handle

    handlers = {cls: meeting(handler) for cls, handler in HANDLERS.items()}
    async with db.transaction() as conn:
        await conn.execute(FACTS.ensure_months, [OCTOBER])
    batches = [records(number, part(uuid4(), who), person(who)) for number, who in enumerate(people(2))]
    await asyncio.gather(*(Consumer(settings, db, handlers)._apply(batch) for batch in batches))
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM participations WHERE unit_path = '{org,sales}'") == 2


async def test_an_erasure_that_comes_with_its_persons_facts_drops_none_of_them(
    settings: MetricsSettings, db: Database
) -> None:
    (somebody,) = people(1)
    request = ErasureRequested(request_id=uuid4(), person_id=somebody, requested_on=date(2026, 11, 1))
    batch = records(0, request, person(somebody), part(uuid4(), somebody), part(uuid4(), somebody))
    await Consumer(settings, db, HANDLERS)._apply(batch)
    async with db.acquire() as conn:
        facts = await conn.fetch("SELECT person_id, unit_path FROM participations")
    assert [row["unit_path"] for row in facts] == [["org", "sales"]] * 2
    assert somebody not in {row["person_id"] for row in facts}
    assert len({row["person_id"] for row in facts}) == 1
