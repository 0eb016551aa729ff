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
from shared.rebuild import differences, hashes, rebuild
from tests.conftest import NewDatabase, numbers
from tests.fixtures.delivery import consuming, producing, until, wire
from tests.metrics.world import deliver, feedback, held, part, people, person, programme, proposed, unit
from tests.metrics.year import year


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
    events += [event for event, _ in year()]
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
        for model, found in (await hashes(rebuilt, SERVICE.read_models)).items():
            assert found.rows, f"{model} is empty: its equality says nothing"
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


AS_SHOWN = "what was shown stays as it was shown (ADR 23, 62, 92): it moves with the store that showed it"
ENTERED = "entered here and in no topic: it comes from the backup"
TOLD_BY_OTHERS = "told by a learning management system, in no topic: it comes from the backup"
OWN_WORK = "what this store has yet to do, or has done; no number rests on it"
NOT_REBUILT = {
    **dict.fromkeys(("releases", "editions", "released_sets", "networks", "network_cells", "barrier_cells"), AS_SHOWN),
    **dict.fromkeys(("skill_cells", "skill_looks"), AS_SHOWN),
    **dict.fromkeys(("reviews", "declared_figures", "report_subscriptions", "query_log", "exports"), ENTERED),
    **dict.fromkeys(("thresholds", "set_threshold"), "the k that was set when a month opened: no event says it"),
    "closed_months": "whose facts are gone by the clock: a store made anew is told by `purge` what to drop",
    **dict.fromkeys(("learnings", "xapi_received"), TOLD_BY_OTHERS),
    **dict.fromkeys(("xapi_statements", "xapi_actors"), "what a record store was told, under names drawn at random"),
    **dict.fromkeys(
        ("wanted_tables", "report_mails", "xapi_store", "folded", "lag_samples", "lag_hours", "spans_edition"), OWN_WORK
    ),
    "participation_deltas": "sums that are not folded yet: `kept_months` counts them in",
    "session_months": "where to look for a session's facts; it also knows months that they have left",
    "erased_people": "who asked first is remembered by the day it was heard of",
    "formats": "it also knows those that no programme has any more: a topic of last states does not",
    "pseudonyms": "drawn at random; rows are compared with one name for all of them",
}
"""Tables that a rebuild does not make, and why."""
MADE_BY = {"participation_months": "kept_months", "person_skills": "known_skills"}


def test_every_table_is_rebuilt_or_it_is_said_why_not() -> None:
    tables = {MADE_BY.get(table.name, table.name) for table in SERVICE.catalogue.own}
    assert tables - {name.removeprefix("compared_") for name in SERVICE.read_models} == set(NOT_REBUILT)
