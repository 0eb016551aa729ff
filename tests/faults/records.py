"""Reads the three records of a run, once everything is at rest."""

import json
from collections.abc import Sequence
from typing import Any

from shared.db import Connection, connect
from shared.events.topics import SESSIONS_PARTICIPATION
from shared.kafka import consumer, partitions, reader
from shared.settings import Settings
from tests.faults.history import Effect, History, Operation, Place, Told, Written

TOPIC = SESSIONS_PARTICIPATION
POSITIONS = "SELECT partition, next_offset FROM consumed_positions WHERE consumer = 'metrics' AND topic = $1"
LETTERS = "SELECT event_id, partition, record_offset, state FROM dead_letters WHERE consumer = 'metrics'"


async def read_history(
    settings: Settings,
    operations: Sequence[Operation] = (),
    side_effects: Sequence[str] = (),
    *,
    recoveries: Sequence[float] = (),
    secret: bytes = b"",
) -> History:
    """Everything that can be known of a register's run."""
    topic, broken, places, leaks = await _topic(settings, secret)
    conn = await connect(settings)
    try:
        taken = {row["partition"]: row["next_offset"] for row in await conn.fetch(POSITIONS, TOPIC.name)}
        letters = await conn.fetch(LETTERS)
        return History(
            operations=operations,
            written=[Written(*row) for row in await _rows(conn, "operation, key, version", "written")],
            topic=topic,
            effects=[
                Effect(*row) for row in await _rows(conn, "event_id, operation, key, version", "effects ORDER BY id")
            ],
            model={
                key: (version, operation)
                for key, version, operation in await _rows(conn, "key, version, operation", "model")
            },
            parked=frozenset(row["event_id"] for row in letters if row["event_id"] and row["state"] != "replayed"),
            places={
                number: Place(begin, end, taken.get(number, 0), committed)
                for number, (begin, end, committed) in places.items()
            },
            side_effects=side_effects,
            broken=frozenset(broken),
            broken_parked=frozenset((row["partition"], row["record_offset"]) for row in letters),
            recoveries=recoveries,
            leaks=leaks,
        )
    finally:
        await conn.close()


async def _rows(conn: Connection, columns: str, source: str) -> list[tuple[Any, ...]]:
    """Rows as tuples, ids as text."""
    rows = await conn.fetch(f"SELECT {columns} FROM {source}")
    return [tuple(item if isinstance(item, int) else str(item) for item in row) for row in rows]


async def _topic(
    settings: Settings, secret: bytes
) -> tuple[list[Told], set[tuple[int, int]], dict[int, tuple[int, int, int]], list[str]]:
    """Every record, the places of those that are no events, where partitions begin, end and were committed; leaks."""
    [places] = (await partitions(settings, [TOPIC])).values()
    group = consumer(settings, f"{settings.topic_prefix}{settings.service}")
    group.assign(places)
    client = reader(settings)
    told: list[Told] = []
    broken: set[tuple[int, int]] = set()
    leaks: list[str] = []
    await group.start()
    await client.start()
    try:
        client.assign(places)
        begins, ends = await client.beginning_offsets(places), await client.end_offsets(places)
        for place, begin in begins.items():
            client.seek(place, begin)
        while [place for place in places if await client.position(place) < ends[place]]:
            for records in (await client.getmany(timeout_ms=200)).values():
                for record in records:
                    found = _told(record)
                    if secret and any(
                        secret in part for part in (record.value, *(value for _, value in record.headers))
                    ):
                        leaks.append(f"the record at {record.partition}/{record.offset} names its client")
                    told.append(found) if found else broken.add((record.partition, record.offset))
        commits = {place: await group.committed(place) or 0 for place in places}
    finally:
        await client.stop()
        await group.stop()
    return told, broken, {place.partition: (begins[place], ends[place], commits[place]) for place in places}, leaks


def _told(record: Any) -> Told | None:
    try:
        body = json.loads(record.value)
        event = dict(record.headers)["ce_id"].decode()
        said = (event, body["person_id"], body["session_id"], body["version"])
    except (ValueError, KeyError, TypeError):
        return None
    return Told(record.partition, record.offset, *said, record.value)
