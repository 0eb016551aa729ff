"""A learning record store is told of k people or more at a time, under other names, once; and told what is void."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.metrics.commands.statements import set_store
from services.metrics.couriers import couriers
from services.metrics.domain import xapi
from services.metrics.settings import MetricsSettings
from shared import outbox
from shared.courier import Courier, run_once
from shared.db import Database
from shared.events.directory import PersonErased
from tests.metrics.lrs import Store, serving_store
from tests.metrics.test_api import store as tell
from tests.metrics.world import PROGRAMME, START, held, part, people, person, programme


@pytest.fixture
async def lrs(db: Database) -> AsyncIterator[Store]:
    async with serving_store() as running:
        async with db.transaction() as conn:
            await set_store(conn, running.url)
        yield running


def carrier(settings: MetricsSettings, lrs: Store, **changes: Any) -> Courier:
    told = {
        "xapi_url": lrs.url,
        "xapi_user": "metrics",
        "xapi_password": "secret",
        "posting_networks": ("127.0.0.0/8",),
    }
    (found,) = couriers(settings.model_copy(update={**told, **changes}))
    return found


async def carry(db: Database, courier: Courier) -> None:
    """Everything due, and what is put off, too."""
    for _ in range(8):
        async with db.transaction() as conn:
            await conn.execute("UPDATE xapi_statements SET due_at = now() WHERE state = 'due'")
        if not await run_once(db, courier):
            return


async def states(db: Database) -> dict[str, int]:
    async with db.acquire() as conn:
        rows = await conn.fetch("SELECT state, count(*) FROM xapi_statements GROUP BY state")
    return {row["state"]: row["count"] for row in rows}


def verbs(lrs: Store) -> dict[str, int]:
    names = [each["verb"]["display"]["en"] for each in lrs.valid]
    return {name: names.count(name) for name in set(names)}


async def meeting(db: Database, members: list[UUID], **changes: Any) -> UUID:
    session = uuid4()
    await tell(db, programme(), held(session), *(part(session, one, **changes) for one in members))
    return session


async def test_statements_leave_when_k_people_wait(db: Database, settings: MetricsSettings, lrs: Store) -> None:
    """K24."""
    crowd = people(5)
    session = await meeting(db, crowd[:4], asked=0)
    await carry(db, carrier(settings, lrs))
    assert (lrs.kept, await states(db)) == ({}, {"held": 4})
    await tell(db, part(session, crowd[4], asked=0, taught=2, shared=1, role="presenter"))
    await carry(db, carrier(settings, lrs))
    assert verbs(lrs) == {"attended": 5, "taught": 1, "shared": 1}
    assert await states(db) == {"sent": 7}


async def test_a_statement_names_no_person_no_session_and_no_hour(
    db: Database, settings: MetricsSettings, lrs: Store
) -> None:
    crowd = people(6)
    session = await meeting(db, crowd)
    await carry(db, carrier(settings, lrs))
    text = json.dumps(lrs.batches)
    assert not [one for one in (*crowd, session) if str(one) in text]
    assert {each["timestamp"] for each in lrs.valid} == {"2026-10-14T00:00:00Z"}
    assert len({each["actor"]["account"]["name"] for each in lrs.valid}) == 6
    assert {each["object"]["id"] for each in lrs.valid} == {f"http://127.0.0.1:8104/programmes/{PROGRAMME}"}


async def test_a_person_has_another_name_in_every_programme(
    db: Database, settings: MetricsSettings, lrs: Store
) -> None:
    crowd, other = people(5), uuid4()
    for number in (PROGRAMME, other):
        await tell(db, programme(number), *(part(uuid4(), one, programme_id=number) for one in crowd))
        await tell(db, *(part(uuid4(), one, programme_id=number) for one in crowd))
    await carry(db, carrier(settings, lrs))
    assert len({each["actor"]["account"]["name"] for each in lrs.valid}) == 10


@pytest.mark.parametrize("level", ["closed", "chatham", None])
async def test_nothing_is_told_of_programmes_that_are_not_open(
    db: Database, settings: MetricsSettings, lrs: Store, level: str | None
) -> None:
    if level:
        await tell(db, programme(confidentiality=level))
    await tell(db, *(part(uuid4(), one) for one in people(9)))
    await carry(db, carrier(settings, lrs))
    assert lrs.batches == []


async def test_who_stayed_away_is_not_told(db: Database, settings: MetricsSettings, lrs: Store) -> None:
    for state in ("registered", "waitlisted", "no_show", "excused", "cancelled_late", "cancelled_early"):
        await meeting(db, people(6), state=state)
    await carry(db, carrier(settings, lrs))
    assert verbs(lrs) == {"registered": 6}


async def test_the_same_event_again_is_the_same_statement(db: Database, settings: MetricsSettings, lrs: Store) -> None:
    await meeting(db, people(7))
    courier = carrier(settings, lrs)
    await carry(db, courier)
    before = dict(lrs.kept)
    async with db.transaction() as conn:
        await conn.execute("UPDATE xapi_statements SET state = 'due', attempts = 0")
    await carry(db, courier)
    assert lrs.kept == before
    assert len(lrs.batches) == 2
    assert xapi.statement_id("e1", "attended") == xapi.statement_id("e1", "attended")
    assert xapi.statement_id("e1", "attended") != xapi.statement_id("e2", "attended")
    assert xapi.statement_id("e1", "attended").version == 5


@pytest.mark.parametrize("answer", [500, 429, 401])
@pytest.mark.parametrize("kept", [False, True])
async def test_a_store_in_trouble_is_asked_again(
    db: Database, settings: MetricsSettings, lrs: Store, answer: int, *, kept: bool
) -> None:
    lrs.answers, lrs.keeps_first = [answer, answer], kept
    await meeting(db, people(5), asked=0)
    await carry(db, carrier(settings, lrs))
    assert verbs(lrs) == {"attended": 5}
    assert await states(db) == {"sent": 5}
    assert len(lrs.batches) == 3


async def test_one_refused_statement_holds_up_no_other(db: Database, settings: MetricsSettings, lrs: Store) -> None:
    await meeting(db, people(5), asked=0)
    async with db.transaction() as conn:
        spoilt = await conn.fetchval("SELECT statement_id FROM xapi_statements LIMIT 1")
    lrs.kept[str(spoilt)] = {"id": str(spoilt), "verb": {"id": "x"}}
    await carry(db, carrier(settings, lrs))
    assert len(lrs.kept) == 5
    assert await states(db) == {"sent": 5}
    lrs.answers = [400, 400]
    await meeting(db, people(5), asked=0)
    await carry(db, carrier(settings, lrs))
    assert await states(db) == {"sent": 9, "failed": 1}


async def test_a_correction_voids_what_was_told(db: Database, settings: MetricsSettings, lrs: Store) -> None:
    crowd = people(6)
    session = await meeting(db, crowd, asked=0)
    await carry(db, carrier(settings, lrs))
    await tell(db, part(session, crowd[0], 2, state="no_show"), part(session, crowd[1], 2, asked=0, minutes=30))
    await carry(db, carrier(settings, lrs))
    assert verbs(lrs) == {"attended": 4}
    assert len(lrs.voided) == 2
    assert (await states(db))["held"] == 1  # the half hour waits for four others
    await tell(db, part(session, crowd[1], 1, asked=0), part(session, crowd[2], 2, asked=0))
    await carry(db, carrier(settings, lrs))
    assert len(lrs.voided) == 2  # older, or the same


async def test_what_was_never_sent_is_not_voided(db: Database, settings: MetricsSettings, lrs: Store) -> None:
    crowd = people(4)
    session = await meeting(db, crowd, asked=0)
    await tell(db, part(session, crowd[0], 2, state="no_show"))
    assert await states(db) == {"held": 3}


async def test_an_erased_person_is_voided_and_forgotten(db: Database, settings: MetricsSettings, lrs: Store) -> None:
    crowd = people(6)
    await tell(db, *(person(one) for one in crowd))
    await meeting(db, crowd, asked=0)
    courier = carrier(settings, lrs)
    await carry(db, courier)
    async with db.acquire() as conn:
        name = str(await conn.fetchval("SELECT actor FROM xapi_actors WHERE person_id = $1", crowd[0]))
    await tell(db, PersonErased(person_id=crowd[0]))
    await carry(db, courier)
    assert verbs(lrs) == {"attended": 5}
    assert not [each for each in lrs.valid if each["actor"]["account"]["name"] == name]
    async with db.acquire() as conn:
        for table in ("xapi_statements", "xapi_actors"):
            assert not await conn.fetchval(f"SELECT count(*) FROM {table} WHERE person_id = $1", crowd[0])
    await tell(db, part(uuid4(), crowd[0]))
    assert "held" not in await states(db)


async def test_without_a_store_nothing_is_written(db: Database, lrs: Store) -> None:
    async with db.transaction() as conn:
        await set_store(conn, None)
    await meeting(db, people(6))
    assert await states(db) == {}


async def test_a_rebuild_tells_nobody(db: Database, lrs: Store) -> None:
    with outbox.muted():
        await meeting(db, people(6))
    assert await states(db) == {}


async def test_the_other_version_is_spoken_too(db: Database, settings: MetricsSettings) -> None:
    async with serving_store("2.0.0") as lrs:
        async with db.transaction() as conn:
            await set_store(conn, lrs.url)
        await meeting(db, people(5), asked=0)
        await carry(db, carrier(settings, lrs, xapi_version="2.0.0"))
        assert len(lrs.valid) == 5


async def test_three_hundred_statements_go_in_batches_of_a_hundred(
    db: Database, settings: MetricsSettings, lrs: Store
) -> None:
    await meeting(db, people(250), asked=0, session_starts_at=START + timedelta(hours=1))
    await carry(db, carrier(settings, lrs))
    assert sorted(map(len, lrs.batches)) == [50, 100, 100]
    assert all(batch == sorted(batch, key=lambda each: str(each["id"])) for batch in lrs.batches)
    assert datetime.fromisoformat(lrs.valid[0]["timestamp"]).astimezone(UTC).hour == 0
