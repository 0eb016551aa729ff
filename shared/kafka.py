"""The only door to aiokafka: how a producer, a consumer and an admin are made, and what a failed send may mean."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import CommitFailedError, KafkaError, TopicAlreadyExistsError, for_code

from shared.events.topics import DEAD_LETTERS, TOPICS, Topic
from shared.settings import Settings

__all__ = [
    "AT_ONCE",
    "AIOKafkaConsumer",
    "AIOKafkaProducer",
    "CommitFailedError",
    "ConsumerRebalanceListener",
    "KafkaError",
    "Piece",
    "Record",
    "TopicPartition",
    "apply_topics",
    "consumer",
    "fetch",
    "go_back",
    "partitions",
    "positions",
    "producer",
    "quiet",
    "reader",
    "topic_configs",
    "wire_name",
]

Record: TypeAlias = ConsumerRecord[bytes, bytes]
Piece: TypeAlias = tuple[TopicPartition, list[Record]]
"""Records of one partition that follow each other."""
DAY_MS = 86_400_000
AT_ONCE = 25
"""Records taken from the client before anything else gets its turn."""


def connection(settings: Settings) -> dict[str, Any]:
    """What every client needs to reach the brokers."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap,
        "client_id": f"{settings.service}-{settings.instance}",
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca_file)
    if settings.kafka_security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password,
        }
    return options


def producer(settings: Settings) -> AIOKafkaProducer:
    """An idempotent producer that waits for every in-sync replica. After a fatal error make a new one."""
    return AIOKafkaProducer(
        **connection(settings),
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        linger_ms=0,
        max_batch_size=262_144,
        request_timeout_ms=40_000,
    )


def consumer(settings: Settings, group: str) -> AIOKafkaConsumer:
    """A consumer that commits only when told; bytes in, bytes out."""
    return AIOKafkaConsumer(
        **connection(settings),
        group_id=group,
        group_instance_id=f"{group}-{settings.instance}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=settings.kafka_session_seconds * 1000,
        heartbeat_interval_ms=settings.kafka_session_seconds * 100,
        request_timeout_ms=40_000,
        max_poll_interval_ms=300_000,
        fetch_max_wait_ms=100,
        metadata_max_age_ms=30_000,  # partitions that are added are read within half a minute
    )


async def join(client: AIOKafkaConsumer, topics: Iterable[str], listener: ConsumerRebalanceListener) -> None:
    """Take part in the client's group. Raises TimeoutError after a minute.

    Who comes back under its own name is given what it had, and does not know if it leads: then nobody leads, and
    partitions that were added meanwhile are nobody's. Asked once more, the leader is told so, and others keep theirs.
    """
    client.subscribe(list(topics), listener=listener)
    await asyncio.wait_for(client.start(), 60)
    client.subscribe(list(topics), listener=listener)


def reader(settings: Settings) -> AIOKafkaConsumer:
    """A client outside every group, that only asks where topics stand."""
    return AIOKafkaConsumer(
        **connection(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=40_000,
    )


async def fetch(client: AIOKafkaConsumer, milliseconds: int, most: int) -> AsyncIterator[Piece]:
    """Up to `most` records, of each topic its share first: one topic's backlog must not keep the others waiting.

    The client would give what came first, all that is left of one partition before the next. They come a few at a time:
    what was just made is read, and mostly forgotten, while the processor still has it at hand.
    """
    topics: defaultdict[str, list[TopicPartition]] = defaultdict(list)
    for partition in client.assignment():
        topics[partition.topic].append(partition)
    share = max(1, most // (len(topics) + 1))
    left = most
    for partitions_of in topics.values() if most > len(topics) else ():
        async for piece in _some(client, partitions_of, 0, share):
            left -= len(piece[1])
            yield piece
    async for piece in _some(client, (), 0 if left < most else milliseconds, left):
        yield piece


async def _some(
    client: AIOKafkaConsumer, places: Sequence[TopicPartition], milliseconds: int, most: int
) -> AsyncIterator[Piece]:
    """Up to `most` records of these partitions, or of all; waits for the first ones alone."""
    while most and (found := await client.getmany(*places, timeout_ms=milliseconds, max_records=min(most, AT_ONCE))):
        milliseconds = 0
        for piece in found.items():
            most -= len(piece[1])
            yield piece


def quiet(client: AIOKafkaConsumer) -> list[TopicPartition]:
    """Those of which all that the broker was known to have has been taken.

    A broker that does not wait until it has something answers for them at once, and is asked again at once; one that
    waits gives nothing of what shares the request meanwhile.
    """
    stood = positions(client)
    known = _states(client)
    return [
        place
        for place, position in stood.items()
        if known[place].highwater is not None and position >= known[place].highwater
    ]


def positions(client: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    """Which offset each partition is read from next, as far as that is known without asking."""
    return {place: state.position for place, state in _states(client).items() if state.has_valid_position}


def _states(client: AIOKafkaConsumer) -> dict[TopicPartition, Any]:
    """What the client knows of its partitions; `position` may wait for the broker."""
    known = client._subscription.subscription.assignment  # noqa: SLF001
    return {place: known.state_value(place) for place in client.assignment()}


def go_back(client: AIOKafkaConsumer, first: Mapping[TopicPartition, int]) -> None:
    """Read again from these offsets on, as far as the partitions are still ours."""
    for partition in first.keys() & client.assignment():
        client.seek(partition, first[partition])


def wire_name(settings: Settings, topic: Topic) -> str:
    """The topic's name on the broker."""
    return f"{settings.topic_prefix}{topic.name}"


async def apply_topics(settings: Settings) -> list[str]:
    """Create every topic that is missing, as code says; returns the names created."""
    admin = AIOKafkaAdminClient(**connection(settings), request_timeout_ms=40_000)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        wanted = {wire_name(settings, topic): topic for topic in (*TOPICS, *DEAD_LETTERS.values())}
        missing = [name for name in wanted if name not in existing]
        if missing:
            response = await admin.create_topics([_new_topic(settings, name, wanted[name]) for name in missing])
            for name, code, *_ in response.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    message = f"topic {name}: {error.__name__}"
                    raise KafkaError(message)
        return missing
    finally:
        await admin.close()


async def partitions(settings: Settings, topics: Iterable[Topic]) -> dict[str, list[TopicPartition]]:
    """The partitions of each topic, by its own name, as the broker has them now."""
    admin = AIOKafkaAdminClient(**connection(settings), request_timeout_ms=40_000)
    await admin.start()
    try:
        names = {wire_name(settings, topic): topic.name for topic in topics}
        described = await admin.describe_topics(list(names))
        return {
            names[found["topic"]]: [TopicPartition(found["topic"], each["partition"]) for each in found["partitions"]]
            for found in described
        }
    finally:
        await admin.close()


def _new_topic(settings: Settings, name: str, topic: Topic) -> NewTopic:
    return NewTopic(
        name=name,
        num_partitions=topic.partitions,
        replication_factor=settings.kafka_replication,
        topic_configs=topic_configs(topic, settings.kafka_replication),
    )


def topic_configs(topic: Topic, replication: int) -> dict[str, str]:
    """What the broker shall do with a topic: keep by time or by key, and acknowledge what outlives a broker."""
    retention = {"cleanup.policy": "delete", "retention.ms": str(topic.retention_days * DAY_MS)}
    compaction = {
        "cleanup.policy": "compact",
        "delete.retention.ms": str(7 * DAY_MS),
        "min.compaction.lag.ms": str(topic.compaction_lag_days * DAY_MS),
        # By itself a broker keeps what was superseded for as long as a partition is quiet: the erased would be there.
        "max.compaction.lag.ms": str((topic.compaction_lag_days + 1) * DAY_MS),
    }
    clock = {"message.timestamp.type": "LogAppendTime"}  # one clock a partition: days can be counted exactly
    safety = {"min.insync.replicas": str(max(1, replication - 1))}
    return clock | safety | (compaction if topic.full_state else retention)
