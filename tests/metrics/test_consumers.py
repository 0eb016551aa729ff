import asyncio
from uuid import uuid4

from services.metrics.commands.freshness import fold_lag
from services.metrics.consumers import HANDLERS
from services.metrics.queries.freshness import get_freshness
from services.metrics.queries.state import months_differ
from services.metrics.settings import MetricsSettings
from shared import kafka
from shared.db import Connection, Database
from shared.envelope import encode
from shared.events.topics import TOPICS
from tests.conftest import numbers
from tests.fixtures.delivery import consuming, producing, until, wire
from tests.metrics.world import deliver, held, part, people, person, programme


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
