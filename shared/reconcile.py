"""Every hour, event by event: what a topic holds is in the inbox, among the dead letters, or missing."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from time import time
from typing import NamedTuple

from opentelemetry.instrumentation.utils import suppress_instrumentation

from shared import outbox, sql
from shared.consumer import Handlers
from shared.db import TROUBLE, Connection, Database
from shared.events.base import Event
from shared.events.delivery import TopicReconciled
from shared.events.topics import TOPICS
from shared.kafka import AIOKafkaConsumer, KafkaError, Record, TopicPartition, reader, wire_name
from shared.settings import Settings

SQL = sql.load("shared", "reconcile")
EVERY_SECONDS = 3600.0
AGAIN_SECONDS = 60.0
READ_SECONDS = 60.0
DAY_SECONDS = 86_400
REMEMBERED_SECONDS = 34 * DAY_SECONDS
"""A day less than the inbox remembers."""
WIRE = {topic.name: topic for topic in TOPICS}
log = logging.getLogger(__name__)


class Reconciled(NamedTuple):
    """A topic: how many of its events were looked for, how many were nowhere, and when the oldest look was."""

    topic: str
    checked: int
    missing: int
    at: datetime


class ServiceReconciled(NamedTuple):
    """The same, as some service has said it."""

    service: str
    topic: str
    checked: int
    missing: int
    at: datetime


class Reconciler:
    """Reads again, outside the group, what the consumer says it has taken since the last time, and asks where it is."""

    def __init__(self, settings: Settings, db: Database, handlers: Handlers) -> None:
        self._settings = settings
        self._db = db
        self._classes: Mapping[str, type[Event]] = {cls.event_type: cls for cls in handlers}
        types = hashlib.sha256(" ".join(sorted(self._classes)).encode()).hexdigest()
        self._looker = f"{settings.service}/{types[:8]}"
        """Who handles other types looks by itself: an older release's looks pass over what it does not know."""

    async def run(self, stop: asyncio.Event) -> None:
        """Compare every hour until `stop`; an outage is waited for."""
        while not stop.is_set():
            pause = EVERY_SECONDS
            try:
                with suppress_instrumentation():
                    await self.reconcile()
            except (*TROUBLE, KafkaError) as error:
                log.warning("reconciliation waits", exc_info=error)
                pause = AGAIN_SECONDS
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                continue

    async def reconcile(self) -> int:
        """Compare what is new and tell what was found; returns how many events are missing in all."""
        name = self._settings.service
        async with self._db.acquire() as conn:
            open_ranges = await conn.fetch(SQL.to_reconcile, name, self._looker)
        if open_ranges:
            client = reader(self._settings)
            await asyncio.wait_for(client.start(), READ_SECONDS)
            try:
                for row in open_ranges:
                    place = TopicPartition(wire_name(self._settings, WIRE[row["topic"]]), row["partition"])
                    begin = row["begin"]
                    if begin is None:
                        begin = await self._a_day_ago(client, place, row["taken"]) if row["looked"] else 0
                    await self._partition(client, row["topic"], place, begin, row["taken"])
            finally:
                await asyncio.wait_for(client.stop(), 3)
        async with self._db.transaction() as conn:
            await conn.execute(SQL.forget_applied, name)
            await conn.execute(SQL.forget_looks, self._looker)
            found = await self.found(conn)
            told = [
                TopicReconciled(service=name, topic_name=row.topic, checked=row.checked, missing=row.missing, at=row.at)
                for row in found
            ]
            await outbox.append_all(conn, [(event, None) for event in told])
            return int(await conn.fetchval(SQL.missing, name))

    async def found(self, conn: Connection) -> list[Reconciled]:
        """What the last looks have found, a topic a line."""
        rows = await conn.fetch(SQL.reconciled, self._settings.service, self._looker)
        return [Reconciled(**row) for row in rows]

    @staticmethod
    async def _a_day_ago(client: AIOKafkaConsumer, place: TopicPartition, taken: int) -> int:
        """Where a release begins that comes after another: what others skip while it is rolled out is younger."""
        found = await client.offsets_for_times({place: int((time() - DAY_SECONDS) * 1000)})
        return found[place].offset if found.get(place) else taken

    async def _partition(
        self, client: AIOKafkaConsumer, topic: str, place: TopicPartition, begin: int, taken: int
    ) -> None:
        client.assign([place])
        client.seek(place, max(begin, (await client.beginning_offsets([place]))[place]))
        while (at := await client.position(place)) < taken:
            batches = await asyncio.wait_for(client.getmany(timeout_ms=1000, max_records=1000), READ_SECONDS)
            records = [record for record in batches.get(place, ()) if record.offset < taken]
            await self._compare(topic, place.partition, records, min(taken, await client.position(place)))
            if not records and await client.position(place) == at:
                return  # the rest is gone from the log, or not there yet: the next hour looks again

    async def _compare(self, topic: str, number: int, records: list[Record], upto: int) -> None:
        told = [place for record in records if (place := self._name(record))]
        name, columns = self._settings.service, list(map(list, zip(*told, strict=True))) if told else [[], [], []]
        async with self._db.transaction() as conn:
            lost = await conn.fetch(SQL.record_unapplied, name, topic, number, *columns)
            await conn.execute(SQL.record_reconciled, self._looker, topic, number, upto, len(told))
        for row in lost:
            log.error("an event was never applied", extra={"fields": {"topic": topic, "event_id": row["event_id"]}})

    def _name(self, record: Record) -> tuple[str, str, int] | None:
        """Source, id and offset of an event that is handled here and that the inbox would still remember."""
        headers = {name: value.decode("utf-8", "replace") for name, value in record.headers if value is not None}
        handled = record.value is not None and headers.get("ce_type") in self._classes and "ce_id" in headers
        if not handled or record.timestamp < (time() - REMEMBERED_SECONDS) * 1000:
            return None
        return headers.get("ce_source", ""), headers["ce_id"], record.offset


async def project(conn: Connection, told: Sequence[TopicReconciled]) -> None:
    """Keep the newest of what each service says of each topic."""
    rows = [(each.service, each.topic_name, each.checked, each.missing, each.at) for each in told]
    await conn.execute(SQL.project, *map(list, zip(*rows, strict=True)))


async def everywhere(conn: Connection, after: tuple[str, str] | None, limit: int) -> list[ServiceReconciled]:
    """What all services have said, a service and topic a line."""
    service, topic = after or (None, None)
    return [ServiceReconciled(**row) for row in await conn.fetch(SQL.everywhere, service, topic, limit)]
