"""Whether any event was lost: what each writer has told, minus what each reader has taken, parked or has no use for.

A local audit tool: it looks into the services' databases, which no service may do.
`python -m deploy.local.audit_events [STATE]` prints one line for each topic and reader of the stack that runs, and
exits 1 when something is missing.
"""

import asyncio
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg

from deploy.local.audit_broker import Told, told_on
from deploy.local.info import StackInfo
from shared.db import Connection
from shared.events.base import Event
from shared.events.topics import SERVICES, TOPICS, Topic

TOLD = """
SELECT topic, convert_from(header_values[array_position(header_names, 'ce_source')], 'UTF8') AS source,
    convert_from(header_values[array_position(header_names, 'ce_id')], 'UTF8') AS id,
    convert_from(header_values[array_position(header_names, 'ce_type')], 'UTF8') AS type
FROM outbox WHERE topic = ANY ($1::text[])
"""
TAKEN = "SELECT source, event_id FROM inbox WHERE consumer = $1"
PARKED = "SELECT topic, event_id FROM dead_letters WHERE consumer = $1 AND event_id IS NOT NULL"
OPEN = "SELECT count(*) FROM dead_letters WHERE state = 'open'"
UNTOLD = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Crossing:
    """One topic on its way to one reader."""

    topic: str
    reader: str
    told: int
    parked: int
    """Waiting as dead letters, or seen to by an operator."""
    ignored: int
    """Of a type the reader has no use for."""
    lost: frozenset[str]
    """Ids of events that are nowhere."""


@dataclass(frozen=True)
class Audit:
    """All crossings of a stack."""

    crossings: tuple[Crossing, ...]
    open_letters: int

    @property
    def told(self) -> int:
        """Deliveries that were due: an event counts once for each of its readers."""
        return sum(crossing.told for crossing in self.crossings)

    @property
    def lost(self) -> int:
        """Deliveries that did not happen."""
        return sum(len(crossing.lost) for crossing in self.crossings)


async def audit(stack: Mapping[str, Any], delivered: Mapping[str, Collection[str]] | None = None) -> Audit:
    """Compare every outbox with every inbox. `delivered`: ids by topic that an outside producer had acknowledged."""
    connections = {name: await asyncpg.connect(stack["databases"][name]) for name in SERVICES}
    try:
        told = await _told(connections.values())
        for topic in TOPICS:
            if topic.owner not in SERVICES:
                on_broker = await asyncio.to_thread(told_on, stack["kafka_bootstrap"], topic)
                told[topic.name] = on_broker | _acknowledged(on_broker, (delivered or {}).get(topic.name, ()))
        crossings = [crossing for name in SERVICES for crossing in await _crossings(connections[name], name, told)]
        letters = [int(await connection.fetchval(OPEN)) for connection in connections.values()]
    finally:
        for connection in connections.values():
            await connection.close()
    return Audit(tuple(crossings), sum(letters))


async def audit_at_rest(
    stack: Mapping[str, Any], delivered: Mapping[str, Collection[str]] | None = None, within: float = 30.0
) -> Audit:
    """Audit until nothing is missing, and for `within` seconds at most: what is still under way is not lost."""
    deadline = monotonic() + within
    while True:
        found = await audit(stack, delivered)
        if not found.lost or monotonic() > deadline:
            return found
        await asyncio.sleep(LOOK_SECONDS)


async def untold(stack: Mapping[str, Any]) -> int:
    """How many events are written and not on their way yet: what readers have can be whole without them."""
    waiting = 0
    for name in SERVICES:
        connection = await asyncpg.connect(stack["databases"][name])
        waiting += await connection.fetchval(UNTOLD)
        await connection.close()
    return waiting


async def _told(connections: Iterable[Connection]) -> dict[str, set[Told]]:
    told: dict[str, set[Told]] = {topic.name: set() for topic in TOPICS}
    for connection in connections:
        for topic, *event in await connection.fetch(TOLD, [*told]):
            told[topic].add(Told(*event))
    return told


async def _crossings(connection: Connection, reader: str, told: Mapping[str, set[Told]]) -> Iterator[Crossing]:
    taken = {(source, event_id) for source, event_id in await connection.fetch(TAKEN, reader)}
    parked = {(topic, event_id) for topic, event_id in await connection.fetch(PARKED, reader)}

    def crossing(topic: Topic) -> Crossing:
        missing = {event for event in told[topic.name] if (event.source, event.id) not in taken}
        in_letters = {event for event in missing if (topic.name, event.id) in parked}
        missing -= in_letters
        unknown = {event for event in missing if event.type not in _handled(reader)}
        lost = frozenset(event.id for event in missing - unknown)
        return Crossing(topic.name, reader, len(told[topic.name]), len(in_letters), len(unknown), lost)

    return (crossing(topic) for topic in TOPICS if reader in topic.readers)


@cache
def _handled(service: str) -> frozenset[str]:
    """The event types a service has a handler for; asked of its code only when something was not taken."""
    handlers: Mapping[type[Event], object] = import_module(f"services.{service}.consumers").HANDLERS
    return frozenset(event.event_type for event in handlers)


def _acknowledged(on_broker: set[Told], ids: Collection[str]) -> set[Told]:
    """What a producer was promised and the broker no longer has, as if it were there."""
    known = {event.id: event for event in on_broker}
    source, kind = next(((event.source, event.type) for event in on_broker), ("", ""))
    return {known.get(event_id, Told(source, event_id, kind)) for event_id in ids}


def main() -> int:
    """Audit the stack that runs here."""
    info = StackInfo.read(Path(sys.argv[1] if len(sys.argv) > 1 else ".lateral"))
    if info is None:
        sys.stderr.write("no stack runs here\n")
        return 2
    found = asyncio.run(audit_at_rest(info.model_dump(), within=5))
    for crossing in found.crossings:
        sys.stdout.write(
            f"{crossing.topic:<24} {crossing.reader:<10} told {crossing.told:>7}  parked {crossing.parked:>4}"
            f"  no use {crossing.ignored:>5}  lost {len(crossing.lost)}\n"
        )
    sys.stdout.write(f"events lost: {found.lost} of {found.told}; dead letters open: {found.open_letters}\n")
    return 1 if found.lost else 0


if __name__ == "__main__":
    sys.exit(main())
