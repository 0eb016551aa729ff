"""Was anything lost, doubled, invented or put out of order? Three records are compared: what clients were told, what
the topic holds, and what the databases ended with. Anomalies are named as Jepsen names them, where it has a name.

Every client operation carries its own id through the whole path, and each key's versions are handed out one by one by
the writer, so the history is totally ordered per key and one pass finds what a search for cycles would.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple, TypeVar

Outcome = Literal["ok", "failed", "unknown"]
Kind = Literal[
    "lost-write",
    "doubled-write",
    "lost-event",
    "rewritten-event",
    "lost-effect",
    "duplicate-effect",
    "phantom",
    "key-order-inversion",
    "version-gap",
    "stale-overwrite",
    "skipped-offset",
    "divergent-read-model",
    "repeated-side-effect",
    "slow-recovery",
    "personal-data",
]
INVARIANTS: Mapping[str, frozenset[Kind]] = {
    "I1 no loss": frozenset({"lost-write", "lost-event", "lost-effect"}),
    "I2 no duplicate effect": frozenset({"doubled-write", "duplicate-effect", "repeated-side-effect"}),
    "I3 order of a key": frozenset({"key-order-inversion", "version-gap", "stale-overwrite"}),
    "I4 no phantom": frozenset({"phantom", "rewritten-event"}),
    "I5 convergence": frozenset({"divergent-read-model"}),
    "I6 bounded recovery": frozenset({"slow-recovery"}),
    "I7 nothing stalls": frozenset({"skipped-offset"}),
    "I8 nobody is named": frozenset({"personal-data"}),
}
"""What each anomaly breaks. That faults are seen (I9) is asserted on metrics and alerts, where they are made."""


class Operation(NamedTuple):
    """What a client asked for, and what it was told in the end: `unknown` when nobody answered."""

    id: str
    key: str
    outcome: Outcome
    version: int | None = None


class Written(NamedTuple):
    """A version in the writer's database."""

    operation: str
    key: str
    version: int


class Told(NamedTuple):
    """A record on the topic."""

    partition: int
    offset: int
    event: str
    operation: str
    key: str
    version: int
    body: bytes = b""


class Effect(NamedTuple):
    """What the reader applied, in the order in which it did."""

    event: str
    operation: str
    key: str
    version: int


Row = TypeVar("Row", Told, Effect)
Key = TypeVar("Key", str, tuple[str, int | None])


class Place(NamedTuple):
    """Where a partition stands: what the broker has, what the reader's database has taken, what the group committed."""

    begin: int
    end: int
    taken: int
    committed: int


@dataclass(frozen=True)
class History:
    """The three records of a run, read when all is at rest."""

    operations: Sequence[Operation] = ()
    written: Sequence[Written] = ()
    topic: Sequence[Told] = ()
    effects: Sequence[Effect] = ()
    model: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """The reader's current version of each key, and the operation that made it."""
    parked: frozenset[str] = frozenset()
    """Ids of the events that wait as dead letters."""
    places: Mapping[int, Place] = field(default_factory=dict)
    side_effects: Sequence[str] = ()
    """Operations for which something was sent to somebody outside, once each."""
    broken: frozenset[tuple[int, int]] = frozenset()
    """Places of records on the topic that are no events of ours."""
    broken_parked: frozenset[tuple[int, int]] = frozenset()
    recoveries: Sequence[float] = ()
    """Seconds from the end of each fault until everything written was published, read and committed."""
    bound: float = 300.0
    """Seconds a recovery may take."""
    leaks: Sequence[str] = ()
    """Records that carry something only the clients' own requests held."""


class Anomaly(NamedTuple):
    """Something that must not be."""

    kind: Kind
    what: str


def check(history: History) -> list[Anomaly]:
    """Every anomaly of a history; none is the only good answer."""
    found = (_writes, _events, _effects, _order, _models, _offsets, _bounds)
    return [anomaly for part in found for anomaly in part(history)]


def _writes(history: History) -> Iterator[Anomaly]:
    by_operation: dict[str, list[Written]] = defaultdict(list)
    for written in history.written:
        by_operation[written.operation].append(written)
    asked = {operation.id: operation for operation in history.operations}
    for operation in history.operations:
        rows = by_operation.get(operation.id, [])
        if len(rows) > 1:
            yield Anomaly("doubled-write", f"{operation} became {len(rows)} versions")
        if operation.outcome == "ok" and not any(row.version == operation.version for row in rows):
            yield Anomaly("lost-write", f"{operation} was acknowledged and is not in the database")
        if operation.outcome == "failed" and rows:
            yield Anomaly("phantom", f"{operation} was refused and is in the database")
    for row in history.written:
        if row.operation not in asked:
            yield Anomaly("phantom", f"{row} was asked for by nobody")


def _events(history: History) -> Iterator[Anomaly]:
    written = {row.operation for row in history.written}
    told = {record.operation for record in history.topic}
    for row in history.written:
        if row.operation not in told:
            yield Anomaly("lost-event", f"{row} is not on the topic")
    for record in _first(history.topic, "operation"):
        if record.operation not in written:
            yield Anomaly("phantom", f"{record} tells of something that was not written")
    bodies: dict[str, tuple[str, int, bytes]] = {}
    for record in history.topic:
        said = (record.key, record.version, record.body)
        if bodies.setdefault(record.event, said) != said:
            yield Anomaly("rewritten-event", f"{record} said something else before")


def _effects(history: History) -> Iterator[Anomaly]:
    times = Counter(effect.event for effect in history.effects)
    for event, count in times.items():
        if count > 1:
            yield Anomaly("duplicate-effect", f"event {event} was applied {count} times")
    told = {record.event for record in history.topic}
    for record in _first(history.topic, "event"):
        if record.event not in times and record.event not in history.parked:
            yield Anomaly("lost-effect", f"{record} was neither applied nor parked")
    for place in history.broken - history.broken_parked:
        yield Anomaly("lost-effect", f"the broken record at {place} was not parked")
    for effect in history.effects:
        if effect.event not in told:
            yield Anomaly("phantom", f"{effect} came from no record")
    for operation, count in Counter(history.side_effects).items():
        if count > 1:
            yield Anomaly("repeated-side-effect", f"somebody was told of {operation} {count} times")


def _order(history: History) -> Iterator[Anomaly]:
    """Versions of a key rise one by one, on the topic (repetitions aside) and in the effects (parked ones aside).

    A key whose topic was given partitions has an order in each of its partitions, and none between them.
    """
    records = _first(_log(history.topic), "event")
    partition = {record.event: record.partition for record in records}
    waiting = {(record.key, record.version) for record in history.topic if record.event in history.parked}
    for where, rows in (("topic", records), ("effects", _first(history.effects, "event"))):
        in_order = _versions(((row.key, partition.get(row.event)), row.version) for row in rows)
        for (key, _), seen in in_order.items():
            for before, after in pairwise(seen):
                if after <= before:
                    yield Anomaly("key-order-inversion", f"{where}: version {after} of {key} after {before}")
        for key, seen in _versions((row.key, row.version) for row in rows).items():
            aside = {version for name, version in waiting if name == key} if where == "effects" else set()
            missing = set(range(1, max(seen) + 1)) - set(seen) - aside
            if missing:
                yield Anomaly("version-gap", f"{where}: {key} lacks {sorted(missing)[:5]}")


def _models(history: History) -> Iterator[Anomaly]:
    applied: dict[str, tuple[int, str]] = {}
    for effect in history.effects:
        applied[effect.key] = max(applied.get(effect.key, (0, "")), (effect.version, effect.operation))
    folded: dict[str, tuple[int, str]] = {}
    for record in history.topic:
        if record.event not in history.parked:
            folded[record.key] = max(folded.get(record.key, (0, "")), (record.version, record.operation))
    for key in folded.keys() | history.model.keys():
        now, best = history.model.get(key, (0, "")), applied.get(key, (0, ""))
        if now[0] < best[0]:
            yield Anomaly("stale-overwrite", f"{key} has version {now[0]}, though {best[0]} was applied")
        if now != folded.get(key, (0, "")):
            yield Anomaly("divergent-read-model", f"{key} is {now}, and the topic says {folded.get(key)}")


def _offsets(history: History) -> Iterator[Anomaly]:
    for number, place in history.places.items():
        if place.begin > 0:
            yield Anomaly("skipped-offset", f"partition {number} begins at {place.begin}: the broker dropped records")
        if place.taken != place.end:
            yield Anomaly("skipped-offset", f"partition {number} ends at {place.end}, and {place.taken} were taken")
        if place.committed > place.taken:
            yield Anomaly("skipped-offset", f"partition {number}: {place.committed} committed, {place.taken} taken")


def _bounds(history: History) -> Iterator[Anomaly]:
    for seconds in history.recoveries:
        if seconds > history.bound:
            yield Anomaly("slow-recovery", f"{seconds:.0f} s until everything was at rest")
    for leak in history.leaks:
        yield Anomaly("personal-data", leak)


def _log(topic: Iterable[Told]) -> list[Told]:
    return sorted(topic, key=lambda record: (record.partition, record.offset))


def _first(rows: Iterable[Row], name: str) -> list[Row]:
    """Each one once: what is published again after a crash is no news."""
    seen: dict[object, Row] = {}
    for row in rows:
        seen.setdefault(getattr(row, name), row)
    return list(seen.values())


def _versions(pairs: Iterable[tuple[Key, int]]) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = defaultdict(list)
    for key, version in pairs:
        found[key].append(version)
    return found
