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
from uuid import UUID

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
    "erased-subject",
    "broken-trace",
    "unseen",
]
INVARIANTS: Mapping[str, frozenset[Kind]] = {
    "I1 no loss": frozenset({"lost-write", "lost-event", "lost-effect"}),
    "I2 no duplicate effect": frozenset({"doubled-write", "duplicate-effect", "repeated-side-effect"}),
    "I3 order of a key": frozenset({"key-order-inversion", "version-gap", "stale-overwrite"}),
    "I4 no phantom": frozenset({"phantom", "rewritten-event"}),
    "I5 convergence": frozenset({"divergent-read-model"}),
    "I6 bounded recovery": frozenset({"slow-recovery"}),
    "I7 nothing stalls": frozenset({"skipped-offset"}),
    "I8 nobody is named": frozenset({"personal-data", "erased-subject"}),
    "I9 seen": frozenset({"broken-trace", "unseen"}),
}
"""What each anomaly breaks."""
NOBODY = UUID(int=0)
"""Who stands in the place of somebody erased."""


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
    trace: str = ""
    """The request's; empty where nobody traces."""


class Told(NamedTuple):
    """A record on the topic."""

    partition: int
    offset: int
    event: str
    operation: str
    key: str
    version: int
    body: bytes = b""
    trace: str = ""


class Effect(NamedTuple):
    """What the reader applied, in the order in which it did."""

    event: str
    operation: str
    key: str
    version: int
    trace: str = ""


class Gauge(NamedTuple):
    """What a process says it sees, beside what there is to see."""

    name: str
    said: float
    there: float


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
    """What holds something that only the clients' own requests held, or what should be sealed."""
    erased: frozenset[str] = frozenset()
    """Operations whose people were erased."""
    owed: frozenset[str] = frozenset()
    """Operations of which somebody outside must have been told."""
    gauges: Sequence[Gauge] = ()
    traced: bool = False
    """Whether every request must have had a trace."""


class Anomaly(NamedTuple):
    """Something that must not be."""

    kind: Kind
    what: str


def check(history: History) -> list[Anomaly]:
    """Every anomaly of a history; none is the only good answer."""
    found = (_writes, _events, _effects, _outside, _order, _models, _offsets, _bounds, _people, _seen)
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


def _outside(history: History) -> Iterator[Anomaly]:
    """Whoever is outside hears of everything, and of nothing twice."""
    for operation, count in Counter(history.side_effects).items():
        if count > 1:
            yield Anomaly("repeated-side-effect", f"somebody was told of {operation} {count} times")
    for operation in history.owed.difference(history.side_effects):
        yield Anomaly("lost-effect", f"nobody outside was told of {operation}")


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
            by = str(NOBODY) if record.operation in history.erased else record.operation
            folded[record.key] = max(folded.get(record.key, (0, "")), (record.version, by))
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


def _people(history: History) -> Iterator[Anomaly]:
    """Nobody is named where names must not be, and nobody erased comes back, whatever arrives late or again."""
    for leak in history.leaks:
        yield Anomaly("personal-data", leak)
    for effect in history.effects:
        if effect.operation in history.erased:
            yield Anomaly("erased-subject", f"{effect} names somebody erased")
    for key, (version, operation) in history.model.items():
        if operation in history.erased:
            yield Anomaly("erased-subject", f"version {version} of {key} names somebody erased")


def _seen(history: History) -> Iterator[Anomaly]:
    """One trace from the request to its last effect; and every gauge says what there is."""
    asked = {row.operation: row.trace for row in history.written if row.trace}
    for row in history.written if history.traced else ():
        if not row.trace:
            yield Anomaly("broken-trace", f"{row} was made outside every trace")
    made = {record.event: asked.get(record.operation, "") for record in history.topic}
    for record in history.topic:
        if made[record.event] and record.trace != made[record.event]:
            yield Anomaly("broken-trace", f"{record} left the trace {made[record.event]} of its request")
    for effect in history.effects:
        if (trace := made.get(effect.event)) and effect.trace != trace:
            yield Anomaly("broken-trace", f"{effect} left the trace {trace} of its request")
    for gauge in history.gauges:
        if gauge.said != gauge.there:
            yield Anomaly("unseen", f"{gauge.name} says {gauge.said:g}, and there are {gauge.there:g}")


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
