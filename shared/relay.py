"""From the outbox to Kafka: one leader, in order, and nothing is marked before the broker has it."""

import asyncio
import logging
from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation

from shared import sql
from shared.crashpoint import crashpoint
from shared.db import UNAVAILABLE, Connection, Record, session
from shared.kafka import AIOKafkaProducer, KafkaError, producer
from shared.settings import Settings
from shared.telemetry import OUTBOX_FAILURES, OUTBOX_PUBLISHED, RELAY_LEADER
from shared.tracing import start, trace_parent

SQL = sql.load("shared", "delivery")
LOCK = 7_300_002
BATCH = 1000
BUSY_SECONDS = 0.005
IDLE_SECONDS = 0.1
SEND_SECONDS = 30.0
log = logging.getLogger(__name__)


class Relay:
    """Leader by a session lock on the very connection it reads and marks with: who loses one loses both."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`; after any trouble begin again with a new connection and a new producer."""
        pause = 0.1
        while not stop.is_set():
            try:
                with suppress_instrumentation():
                    await self._lead(stop)
                pause = 0.1
            except (*UNAVAILABLE, KafkaError) as error:
                OUTBOX_FAILURES.labels(type(error).__name__).inc()
                log.warning("relay begins again", exc_info=error, extra={"fields": {"seconds": pause}})
                await _sleep(stop, pause)
                pause = min(pause * 2, 5.0)

    async def _lead(self, stop: asyncio.Event) -> None:
        async with session(self._settings) as conn:
            while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                await _sleep(stop, 1.0)
                if stop.is_set():
                    return
            RELAY_LEADER.set(1)
            client = producer(self._settings)
            try:
                await asyncio.wait_for(client.start(), SEND_SECONDS)
                await self._publish_until(stop, conn, client)
            finally:
                RELAY_LEADER.set(0)
                await _abandon(client)

    async def _publish_until(self, stop: asyncio.Event, conn: Connection, client: AIOKafkaProducer) -> None:
        idle = BUSY_SECONDS
        while not stop.is_set():
            published = await self.publish_batch(conn, client)
            idle = BUSY_SECONDS if published else min(idle * 1.5, IDLE_SECONDS)
            if published < BATCH:
                await _sleep(stop, idle)

    async def publish_batch(self, conn: Connection, client: AIOKafkaProducer) -> int:
        """Publish the oldest unpublished events in order and mark them; returns how many.

        `published_at IS NULL ORDER BY id` and not `id > last`: ids become visible out of order.
        """
        rows = await conn.fetch(SQL.unpublished, BATCH)
        if not rows:
            return 0
        await crashpoint("outbox.before_publish")
        spans = [_span(row) for row in rows]
        try:
            await asyncio.wait_for(self._send(client, rows), SEND_SECONDS)
        finally:
            for span in spans:
                span.end()
        await crashpoint("outbox.after_publish")
        created = [row["created_at"] for row in rows]
        await conn.execute(SQL.mark_published, [row["id"] for row in rows], min(created), max(created))
        for row in rows:
            OUTBOX_PUBLISHED.labels(row["topic"]).inc()
        return len(rows)

    async def _send(self, client: AIOKafkaProducer, rows: Sequence[Record]) -> None:
        deliveries = []
        for row in rows:
            headers = list(zip(row["header_names"], row["header_values"], strict=True))
            topic = f"{self._settings.topic_prefix}{row['topic']}"
            deliveries.append(await client.send(topic, key=row["key"].encode(), value=row["value"], headers=headers))
        await crashpoint("outbox.while_sending")
        await asyncio.gather(*deliveries)


def _span(row: Record) -> trace.Span:
    """Shows how long the event waited in the outbox; the record's own traceparent stays the creator's."""
    traceparent = dict(zip(row["header_names"], row["header_values"], strict=True)).get("traceparent", b"")
    parent = trace_parent({"traceparent": traceparent.decode("ascii", "replace")})
    if not parent.trace_flags.sampled:
        return trace.INVALID_SPAN
    return start(
        f"send {row['topic']}",
        parent,
        trace.SpanKind.CLIENT,
        {
            "messaging.system": "kafka",
            "messaging.operation.type": "send",
            "messaging.destination.name": row["topic"],
        },
    )


async def _abandon(client: AIOKafkaProducer) -> None:
    """Stop the producer within 3 s; what it still holds is unmarked and will be sent again."""
    try:
        await asyncio.wait_for(client.stop(), 3)
    except (TimeoutError, KafkaError) as error:
        log.warning("abandoned a producer", exc_info=error)


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
