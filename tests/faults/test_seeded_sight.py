"""The checker is checked, second part: names that leak, people who come back, and faults that nobody sees.

As in the first part every scenario runs twice, with the chassis as it is and with the bug.
"""

from typing import Any
from uuid import UUID, uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider

from shared import courier, outbox, subject_keys
from shared.courier import Outcome
from shared.db import Connection
from shared.events.sessions import ParticipationChanged
from shared.refusal import Refused
from shared.telemetry import DLQ_OPEN
from shared.timers import HOUSEKEEPING, run_once
from shared.tracing import tracer
from tests.faults.history import NOBODY, Gauge, Operation
from tests.faults.records import GAUGES, SECRET
from tests.faults.test_seeded_bugs import Batch, Patch, Scenario, send
from tests.faults.world import World, kinds
from tests.fixtures import register, register_process

pytestmark = pytest.mark.real_broker


async def the_erased_come_back(world: World, patch: Patch, *, bug: bool) -> None:
    """An event about somebody is late: it comes when they have been forgotten already."""
    key = uuid4()
    await world.write(key, key)
    early, late = world.operations
    await hold_back(world, late)
    await world.publish()
    await world.consume()
    async with world.db.transaction() as conn:
        gone = [UUID(operation.id) for operation in (early, late)]
        await conn.execute(register.FORGET, gone, NOBODY)
        if bug:
            await conn.execute("TRUNCATE erased")  # what was there is cleared, and who it was forgotten too
    await let_go(world)
    await world.publish()
    await world.consume()
    async with world.db.transaction() as conn:
        await conn.executemany("INSERT INTO erased VALUES ($1) ON CONFLICT DO NOTHING", [(each,) for each in gone])


async def a_letter_in_the_open(world: World, patch: Patch, *, bug: bool) -> None:
    """A record that could not be handled is kept as it came, for everybody who may read the table."""

    async def nothing_to_seal_with(*_: Any) -> Clear:
        return Clear()

    async def fail(conn: Connection, batch: Batch) -> None:
        raise Refused("the rule says no")

    if bug:
        patch.setattr(subject_keys, "box_to_seal", nothing_to_seal_with)
    await world.write(uuid4())
    await world.publish()
    await world.consume({ParticipationChanged: fail})


async def a_header_that_names_the_caller(world: World, patch: Patch, *, bug: bool) -> None:
    """Whoever traces puts on the record what the client says of itself."""
    said = {"baggage": SECRET.decode()} if bug else {}
    patch.setattr(outbox, "trace_headers", lambda _: said)
    await world.write(uuid4())
    await world.publish()
    await world.consume()


async def a_trace_that_ends_at_the_broker(world: World, patch: Patch, *, bug: bool) -> None:
    """The relay, or the outbox, forgets the headers that lead on."""
    patch.setattr("opentelemetry.trace._TRACER_PROVIDER", TracerProvider())
    if bug:
        patch.setattr(outbox, "trace_headers", lambda _: {})
    with tracer().start_as_current_span("request"):
        await world.write(uuid4())
    await world.publish()
    await world.consume()


async def letters_that_nobody_counts(world: World, patch: Patch, *, bug: bool) -> None:
    """A dead letter waits, and the gauge that an alert is made of still says there is none."""
    DLQ_OPEN.set(0)
    await send(world, b"{", str(uuid4()))
    await world.consume()
    if not bug:
        [measure] = [timer for timer in HOUSEKEEPING if timer.name == "backlog-measure"]
        await run_once(world.db, measure)
    async with world.db.acquire() as conn:
        there = await conn.fetchval(GAUGES["lateral_dlq_open"])
    world.gauges = [Gauge("lateral_dlq_open", DLQ_OPEN._value.get(), there)]


async def a_message_never_sent(world: World, patch: Patch, *, bug: bool) -> None:
    """A courier settles what it has claimed, whatever became of it."""

    async def act(operation: Any) -> Outcome:
        if bug:
            return Outcome("done")
        told.add(str(operation))
        return Outcome("done")

    told: set[str] = set()
    await world.write(uuid4(), uuid4())
    await world.publish()
    await world.consume({ParticipationChanged: register_process.apply_and_owe})
    await courier.run_once(world.db, courier.Courier("notices", register_process.claim, act, register_process.settle))
    world.told = told


SEEDED: tuple[tuple[Scenario, set[str]], ...] = (
    (the_erased_come_back, {"erased-subject", "divergent-read-model"}),
    (a_letter_in_the_open, {"personal-data"}),
    (a_header_that_names_the_caller, {"personal-data"}),
    (a_trace_that_ends_at_the_broker, {"broken-trace"}),
    (letters_that_nobody_counts, {"unseen"}),
    (a_message_never_sent, {"lost-effect"}),
)
"""The bug, and what the checker must say of it."""


@pytest.mark.parametrize(("scenario", "caught"), SEEDED, ids=[seeded[0].__name__ for seeded in SEEDED])
@pytest.mark.parametrize("bug", [False, True], ids=["right", "seeded"])
async def test_the_checker_tells_the_bug_from_the_chassis(
    scenario: Scenario, caught: set[str], bug: bool, world: World, monkeypatch: Patch
) -> None:
    await scenario(world, monkeypatch, bug=bug)
    monkeypatch.undo()
    anomalies = await world.anomalies()
    assert kinds(anomalies) == (caught if bug else set()), anomalies


async def hold_back(world: World, operation: Operation) -> None:
    """Let the relay pass over an event for now."""
    async with world.db.transaction() as conn:
        await conn.execute(
            "UPDATE outbox SET published_at = now() WHERE value LIKE '%' || convert_to($1, 'utf8') || '%'", operation.id
        )


async def let_go(world: World) -> None:
    """Publish all again, with what was held back."""
    async with world.db.transaction() as conn:
        await conn.execute("UPDATE outbox SET published_at = NULL")


class Clear:
    """Seals nothing."""

    subject = b""

    def seal(self, value: bytes) -> bytes:
        return value
