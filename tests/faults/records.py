"""Reads the three records of a run, once everything is at rest."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shared.db import Connection, Record, connect
from shared.events.topics import SESSIONS_PARTICIPATION
from shared.kafka import consumer, partitions, reader
from shared.settings import Settings
from tests.faults.history import Effect, Gauge, History, Operation, Place, Told, Written

TOPIC = SESSIONS_PARTICIPATION
POSITIONS = "SELECT partition, next_offset FROM consumed_positions WHERE consumer = 'metrics' AND topic = $1"
LETTERS = """
SELECT event_id, partition, record_offset, state, key_bytes, value, header_values
FROM dead_letters WHERE consumer = 'metrics'
"""
MIRRORED = "SELECT NULL::bytea AS key_bytes, value, header_values FROM outbox WHERE topic = 'metrics.dead-letters'"
OWED = "SELECT operation::text FROM notices"
GAUGES: Mapping[str, str] = {
    "lateral_dlq_open": "SELECT count(*) FROM dead_letters WHERE state = 'open'",
    "lateral_parked_keys": "SELECT count(*) FROM parked_keys",
    "lateral_reconcile_missing": "SELECT count(*) FROM unapplied",
}
"""What a worker says of itself, and where the truth is, once all is at rest."""
SECRET = b"ada.lovelace@clients.example"
"""Who clients say they are, which is nobody else's to know."""
PERSON = b'"person_id"'
"""What every event of the register has, and nothing that is sealed may show."""


async def read_history(
    settings: Settings,
    operations: Sequence[Operation] = (),
    side_effects: Sequence[str] = (),
    *,
    recoveries: Sequence[float] = (),
    secret: bytes = b"",
    told: Collection[str] | None = None,
    gauges: Sequence[Gauge] = (),
    leaks: Sequence[str] = (),
    traced: bool = False,
) -> History:
    """Everything that can be known of a register's run; `told`: of whom somebody outside has heard, if anybody is."""
    topic, broken, places, named = await _topic(settings, secret)
    conn = await connect(settings)
    try:
        taken = {row["partition"]: row["next_offset"] for row in await conn.fetch(POSITIONS, TOPIC.name)}
        letters = await conn.fetch(LETTERS)
        mirrored = await conn.fetch(MIRRORED)
        open_ = [f"a dead letter says it openly: {row}" for row in (*letters, *mirrored) if _says(PERSON, row)]
        return History(
            operations=operations,
            written=[Written(*row) for row in await _rows(conn, "operation, key, version, trace", "written")],
            topic=topic,
            effects=[
                Effect(*row)
                for row in await _rows(conn, "event_id, operation, key, version, trace", "effects ORDER BY id")
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
            side_effects=[*side_effects, *(told or ())],
            broken=frozenset(broken),
            broken_parked=frozenset((row["partition"], row["record_offset"]) for row in letters),
            recoveries=recoveries,
            leaks=[*leaks, *named, *open_],
            erased=frozenset(row[0] for row in await _rows(conn, "person", "erased")),
            owed=frozenset() if told is None else frozenset(row[0] for row in await conn.fetch(OWED)),
            gauges=gauges,
            traced=traced,
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
                    if secret and any(secret in part for part in _parts(record)):
                        leaks.append(f"the record at {record.partition}/{record.offset} names its client")
                    told.append(found) if found else broken.add((record.partition, record.offset))
        commits = {place: await group.committed(place) or 0 for place in places}
    finally:
        await client.stop()
        await group.stop()
    return told, broken, {place.partition: (begins[place], ends[place], commits[place]) for place in places}, leaks


def _parts(record: Any) -> list[bytes]:
    """All that a record says."""
    return [record.key or b"", record.value or b"", *(value or b"" for _, value in record.headers)]


def _says(word: bytes, row: Record) -> bool:
    return any(word in part for part in (row["key_bytes"] or b"", row["value"] or b"", *row["header_values"]))


def _told(record: Any) -> Told | None:
    try:
        body, headers = json.loads(record.value), dict(record.headers)
        event, trace = headers["ce_id"].decode(), headers.get("traceparent", b"").decode()
        said = (event, body["person_id"], body["session_id"], body["version"])
    except (ValueError, KeyError, TypeError):
        return None
    return Told(record.partition, record.offset, *said, record.value, trace[3:35])
