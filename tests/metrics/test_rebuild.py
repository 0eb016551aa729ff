"""The store from nothing, by its topics, while the live one goes on: the same, table by table."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from services.metrics.__main__ import SERVICE
from services.metrics.commands.facts import fold_months
from services.metrics.consumers import HANDLERS
from services.metrics.settings import MetricsSettings
from shared import kafka
from shared.db import Database
from shared.envelope import encode
from shared.events.base import Event
from shared.events.directory import PersonErased
from shared.kafka import AIOKafkaProducer
from shared.migrate import SchemaMismatch
from shared.rebuild import differences, rebuild
from tests.conftest import NewDatabase, numbers
from tests.fixtures.delivery import consuming, producing, until, wire
from tests.metrics.world import deliver, feedback, held, part, people, person, programme, proposed, unit


async def send(settings: MetricsSettings, client: AIOKafkaProducer, events: Sequence[Event]) -> None:
    sent = []
    for event in events:
        headers, value = encode(event, {})
        sent.append(await client.send(wire(settings, event), value, event.key.encode(), headers=headers))
    await asyncio.gather(*sent)


async def test_a_rebuilt_store_says_what_the_live_one_says(
    settings: MetricsSettings, bootstrap: str, db: Database, new_database: NewDatabase
) -> None:
    number = next(numbers)
    settings = settings.model_copy(
        update={"kafka_bootstrap": bootstrap, "topic_prefix": f"t{number}-", "instance": f"i{number}"}
    )
    await kafka.apply_topics(settings)
    crowd, sessions = people(30), [held(uuid4()) for _ in range(8)]
    events: list[Event] = [
        unit("org", "Org"),
        programme(),
        *(person(one) for one in crowd),
        *sessions,
        feedback(5, 4, 3, 4, 5),
    ]
    events += [part(one.session_id, who) for one in sessions for who in crowd]
    events += [part(sessions[0].session_id, who, 2, state="no_show") for who in crowd[:7]]
    events += [person(who, "legal", 2) for who in crowd[:5]]
    events.append(proposed(uuid4(), crowd[7:9]))
    late = [PersonErased(person_id=crowd[8]), part(sessions[0].session_id, crowd[8], 2, state="no_show")]
    async with producing(settings) as client, consuming(settings, db, HANDLERS):
        await send(settings, client, events)
        await until(db, "SELECT count(*) FROM inbox", len(events))
        for event in late:
            events.append(event)
            await send(settings, client, [event])
            await until(db, "SELECT count(*) FROM inbox", len(events))
    async with db.transaction() as conn:
        await fold_months(conn)
    other = settings.model_copy(update={"database_url": await new_database("metrics")})
    made = await Database.connect(other)
    assert await rebuild(other, made, HANDLERS) == len(events)
    async with db.acquire() as live, made.acquire() as rebuilt:
        assert await differences(live, rebuilt, SERVICE.read_models) == {}
        everybody = "SELECT array_agg(DISTINCT person_id ORDER BY person_id) FROM participations"
        here, there = await live.fetchval(everybody), await rebuilt.fetchval(everybody)
        assert (len(set(here) ^ set(there)), crowd[8] in here) == (2, False)  # one forgotten, with a name in each
    async with db.transaction() as live:
        await deliver(live, [part(sessions[0].session_id, crowd[0], 3)])
    async with db.acquire() as live, made.acquire() as rebuilt:
        assert set(await differences(live, rebuilt, SERVICE.read_models)) == {"compared_participations", "kept_months"}
    await made.close()


async def test_a_store_that_was_loaded_from_a_dump_is_refused_at_the_start(db: Database) -> None:
    async with db.transaction() as conn:
        await SERVICE.whole(conn)
        await conn.execute("UPDATE folded SET seen = '900000000000:900000000000:'")
        with pytest.raises(SchemaMismatch, match="dump"):
            await SERVICE.whole(conn)
