"""What was superseded leaves a compacted topic: the broker itself is asked, with days made short."""

import asyncio
import os
from dataclasses import replace

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.audit_broker import messages_on
from shared.events.topics import DIRECTORY_CONTACTS, HR_WORKERS, TOPICS, Topic
from shared.kafka import DAY_MS, topic_configs
from shared.settings import Settings
from tests.fixtures.delivery import producing

pytestmark = pytest.mark.real_broker


def values(bootstrap: str, topic: Topic) -> set[bytes | None]:
    return {message.value() for message in messages_on(bootstrap, topic)}


@pytest.mark.skipif(os.environ.get("LATERAL_LOCAL_BROKER") != "apache", reason="only Apache Kafka compacts")
async def test_a_name_is_gone_from_the_topic_once_its_tombstone_is_older_than_the_lag(on_kafka: Settings) -> None:
    days = {name: value for name, value in topic_configs(DIRECTORY_CONTACTS, 1).items() if name.endswith("lag.ms")}
    topic = f"{on_kafka.topic_prefix}short"
    configs = topic_configs(DIRECTORY_CONTACTS, 1) | {name: str(int(value) // DAY_MS) for name, value in days.items()}
    admin = AdminClient({"bootstrap.servers": on_kafka.kafka_bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1, config=configs)])[topic].result(30)
    async with producing(on_kafka) as client, asyncio.timeout(300):
        await client.send_and_wait(topic, b"Ada Erased", b"ada")
        await client.send_and_wait(topic, None, b"ada")
        kept = replace(DIRECTORY_CONTACTS, name=topic, partitions=1)
        while b"Ada Erased" in await asyncio.to_thread(values, on_kafka.kafka_bootstrap, kept):
            await client.send_and_wait(topic, b"somebody else", b"other")  # a segment is closed when it is written to
            await asyncio.sleep(1)


def test_every_compacted_topic_says_how_long_what_was_superseded_may_stay() -> None:
    for topic in TOPICS:
        configs = topic_configs(topic, 3)
        assert ("max.compaction.lag.ms" in configs) == topic.full_state
        if topic.full_state:
            assert int(configs["min.compaction.lag.ms"]) < int(configs["max.compaction.lag.ms"]) <= 8 * DAY_MS
    assert topic_configs(HR_WORKERS, 3)["max.compaction.lag.ms"] == str(8 * DAY_MS)
