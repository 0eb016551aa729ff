from itertools import count

from services.matching.consumers import HANDLERS
from services.matching.settings import MatchingSettings
from shared import kafka
from shared.db import Database
from shared.envelope import encode
from shared.events.topics import TOPICS
from tests.fixtures.delivery import consuming, producing, until, wire
from tests.matching.world import newcomer, person, programme

numbers = count(1)


def test_matching_handles_events_of_exactly_the_topics_it_reads() -> None:
    assert {cls.topic for cls in HANDLERS} == {topic for topic in TOPICS if "matching" in topic.readers}


async def test_a_hire_comes_from_the_broker_and_has_one_buddy_however_often_it_is_delivered(
    settings: MatchingSettings, db: Database, bootstrap: str
) -> None:
    here = settings.model_copy(update={"kafka_bootstrap": bootstrap, "topic_prefix": f"matching{next(numbers)}-"})
    await kafka.apply_topics(here)
    early, late = [programme("onboarding_buddy"), person()], [newcomer()]
    async with producing(here) as client, consuming(here, db, HANDLERS):
        for events, people in ((early, 1), (late, 2)):
            records = [(event, *encode(event, {})) for event in events]
            again = [(event, *encode(event, {})) for event in events]
            for event, headers, value in [*records, *records, *again]:
                await client.send_and_wait(wire(here, event), value, event.key.encode(), headers=headers)
            await until(db, "SELECT count(*) FROM people", people)
        await until(db, "SELECT count(*) FROM inbox", 6)
        await until(db, "SELECT count(*) FROM matches WHERE state = 'proposed' AND kind = 'buddy'", 1)
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM outbox WHERE topic = 'matching.matches'") == 1
