"""What outside producers have told a topic: every event the broker holds of it."""

from collections.abc import Iterator
from time import monotonic
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from shared.events.catalogue import EVENTS
from shared.events.topics import Topic

WAIT_SECONDS, READ_SECONDS = 0.05, 30.0


class Told(NamedTuple):
    """An event somebody has published."""

    source: str
    id: str
    type: str


def told_on(bootstrap: str, topic: Topic) -> set[Told]:
    """Every event the broker holds of a topic. Raises KafkaException."""
    return {_event(message, topic) for message in messages_on(bootstrap, topic)}


def messages_on(bootstrap: str, topic: Topic) -> Iterator[Message]:
    """Every record the broker holds of a topic now. Raises KafkaException."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "audit", "enable.auto.commit": False, "enable.partition.eof": True}
    )
    try:
        partitions = consumer.list_topics(topic.name, timeout=READ_SECONDS).topics[topic.name].partitions
        unread = {
            number
            for number in partitions
            if len(set(consumer.get_watermark_offsets(TopicPartition(topic.name, number), timeout=READ_SECONDS))) > 1
        }
        consumer.assign([TopicPartition(topic.name, number, 0) for number in unread])
        deadline = monotonic() + READ_SECONDS
        while unread:
            for message in consumer.consume(1000, WAIT_SECONDS):
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    unread.discard(message.partition())
                else:
                    raise KafkaException(error)
            if monotonic() > deadline:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - its public name
    finally:
        consumer.close()


def _event(message: Message, topic: Topic) -> Told:
    """Its name in an inbox; a tombstone need not have headers, and is then known by its place."""
    headers = {name: _text(value) for name, value in _pairs(message)}
    tombstones = (event.event_type for event in EVENTS if event.tombstone and event.topic is topic)
    return Told(
        headers.get("ce_source", f"/{topic.name}"),
        headers.get("ce_id", f"{topic.name}/{message.partition()}/{message.offset()}"),
        next(tombstones, "") if message.value() is None else headers.get("ce_type", ""),
    )


def _pairs(message: Message) -> list[tuple[str, str | bytes | None]]:
    found: Any = message.headers() or []
    return list(found)


def _text(value: str | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""
