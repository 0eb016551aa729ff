"""A round among very many people: asked for, answered at once, then read and solved by whichever worker is free."""

from typing import Any
from uuid import uuid4

import pytest

from services.matching.commands import keeping, rounds, shards
from services.matching.couriers import couriers
from services.matching.settings import MatchingSettings
from shared.courier import run_once
from shared.db import Database
from shared.events.directory import PersonChanged, PersonErased
from shared.events.matching import MatchProposed, PersonLeftUnmatched, RoundCompleted
from shared.events.privacy import ErasureRequested
from tests.matching.conftest import Caller, Work, World
from tests.matching.test_bad_rounds import copies
from tests.matching.test_previews import OWNER, run
from tests.matching.world import learner, programme, teacher, today

pytestmark = pytest.mark.usefixtures("very_many")


@pytest.fixture
def very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one person."""
    monkeypatch.setattr(rounds, "AT_ONCE", 1)


async def asked(world: World, call: Caller, **options: object) -> tuple[dict[str, Any], list[PersonChanged]]:
    """A round of three learners with a teacher for two, which waits to be read."""
    about, people = programme(), [learner(), learner(), learner(), teacher(capacity=2, time_budget_minutes=900)]
    await world.hear(about)
    await world.hear(*people)
    return await run(call, about.programme_id, seed=7, **options), people


async def shown(call: Caller, begun: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await call("GET", f"/v1/rounds/{begun['round_id']}", OWNER)).json()
    return found


async def test_it_is_answered_before_it_is_read_and_published_when_it_is_solved(
    world: World, call: Caller, work: Work
) -> None:
    begun, _ = await asked(world, call)
    assert (begun["state"], begun["asked"], begun["seed"]) == ("solving", 0, 7)
    assert not await world.fetch("SELECT FROM round_people")
    (line,) = await world.fetch("SELECT object FROM audit")
    assert line["object"] == f"/v1/rounds/{begun['round_id']}", "nobody knows yet how many it asks"
    await work()
    done = await shown(call, begun)
    assert (done["state"], done["asked"], done["matched"], done["unmatched"]) == ("published", 3, 2, 1)
    assert done["report"]["not_asked"][0]["people"] == 1, "the teacher wants to learn nothing"
    assert len(await world.said(MatchProposed)) == 2
    assert len(await world.said(PersonLeftUnmatched)) == len(await world.said(RoundCompleted)) == 1
    replay = (await call("POST", f"/v1/rounds/{begun['round_id']}/replay", OWNER)).json()
    assert (replay["same_input"], replay["same_output"]) == (True, True)


async def test_the_database_knows_at_once_how_much_a_large_one_has_added(
    world: World, call: Caller, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MANY", 1)
    await asked(world, call, dry_run=True)
    await work()
    rows = await world.fetch(
        "SELECT relname, reltuples FROM pg_class WHERE relname = ANY ($1)", ["matches", "unmatched"]
    )
    assert {row["relname"]: row["reltuples"] for row in rows} == {"matches": 2, "unmatched": 1}


async def test_some_or_those_left_out_are_asked_again(world: World, call: Caller, work: Work) -> None:
    begun, people = await asked(world, call)
    await work()
    left = await run(call, begun["programme_id"], left_out_of=begun["round_id"], dry_run=True)
    await work()
    assert (await shown(call, left))["asked"] == 1
    nobody = await run(call, begun["programme_id"], people=[str(people[3].person_id)], dry_run=True)
    await work()
    assert (await shown(call, nobody))["asked"] == 0


async def test_another_of_the_programme_is_refused_until_it_is_read(
    world: World, call: Caller, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, _ = await asked(world, call, dry_run=True)
    monkeypatch.setattr(rounds, "PATIENCE", 0)
    refused = await call("POST", "/v1/rounds", OWNER, json={"programme_id": begun["programme_id"]})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/round-running")
    await work()
    assert (await shown(call, begun))["state"] == "preview"
    assert (await run(call, begun["programme_id"]))["state"] == "solving"


async def test_it_can_be_undone_before_it_is_read(world: World, call: Caller, work: Work) -> None:
    begun, _ = await asked(world, call)
    undone = await call("POST", f"/v1/rounds/{begun['round_id']}/discard", OWNER)
    assert (undone.status_code, undone.json()["state"]) == (200, "discarded")
    await work()
    assert (await shown(call, begun))["state"] == "discarded"
    assert not await world.fetch("SELECT FROM round_people")
    assert not await world.said(MatchProposed)


async def test_and_then_the_next_may_be_asked_for_at_once(
    world: World, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, _ = await asked(world, call)
    assert (await call("POST", f"/v1/rounds/{begun['round_id']}/discard", OWNER)).status_code == 200
    monkeypatch.setattr(rounds, "PATIENCE", 0)
    assert (await run(call, begun["programme_id"]))["state"] == "solving"


async def test_nobody_puts_together_what_is_not_read(
    world: World, call: Caller, db: Database, settings: MatchingSettings
) -> None:
    begun, _ = await asked(world, call)
    await world.execute("UPDATE rounds SET leased_until = now() - interval '1 s'")
    joins = couriers(settings)[2]
    assert (joins.name, await run_once(db, joins)) == ("joins", 0)
    assert (await shown(call, begun))["state"] == "solving"


async def test_who_is_erased_meanwhile_is_not_asked_for_any_more(world: World, call: Caller, work: Work) -> None:
    about, people = programme(), [learner(), learner(), teacher(capacity=2, time_budget_minutes=900)]
    await world.hear(about)
    await world.hear(*people)
    begun = await run(call, about.programme_id, people=[str(one.person_id) for one in people[:2]])
    request = ErasureRequested(request_id=uuid4(), person_id=people[0].person_id, requested_on=today())
    await world.hear(PersonErased(person_id=people[0].person_id), request)
    (row,) = await world.fetch("SELECT asks -> 'people' AS people FROM rounds")
    assert row["people"] == [str(people[1].person_id)]
    await work()
    done = await shown(call, begun)
    assert (done["asked"], done["matched"]) == (1, 1)


@pytest.mark.parametrize(
    ("sabotage", "why"),
    [
        ("UPDATE programmes SET status = 'closed', version = version + 1", "only published ones are matched"),
        ("""UPDATE rules SET rules = rules || '{"seconds": 0}'""", "did not end within 0 seconds"),
    ],
)
async def test_one_that_cannot_be_solved_says_why_and_leaves_nothing(
    world: World, call: Caller, work: Work, sabotage: str, why: str
) -> None:
    begun, _ = await asked(world, call)
    await copies(world)  # four people are matched sooner than anybody looks at a clock
    await world.execute(sabotage)
    await work()
    failed = await shown(call, begun)
    assert failed["state"] == "failed"
    assert why in failed["report"]["failed"]
    assert not await world.fetch("SELECT FROM round_people")
    assert not await world.fetch("SELECT FROM matches")


async def test_one_that_a_worker_left_lying_another_reads_but_not_for_ever(
    world: World, call: Caller, db: Database, settings: MatchingSettings, work: Work
) -> None:
    begun, _ = await asked(world, call, dry_run=True)
    courier = couriers(settings)[0]
    for _ in range(shards.TRIES):
        async with db.transaction() as conn:
            assert await courier.claim(conn), "a worker is gone a moment later"
        assert await run_once(db, courier) == 0, "it has a minute"
        await world.execute("UPDATE rounds SET leased_until = now() - interval '1 s'")
    await work()
    failed = await shown(call, begun)
    assert (failed["state"], "3 times" in failed["report"]["failed"]) == ("failed", True)


async def test_nobody_reads_what_another_is_reading(
    world: World, call: Caller, db: Database, settings: MatchingSettings
) -> None:
    begun, _ = await asked(world, call, dry_run=True)
    async with db.transaction() as other:
        assert await other.fetchval("SELECT pg_try_advisory_xact_lock(7300104, hashtext($1))", begun["round_id"])
        assert await run_once(db, couriers(settings)[0]) == 0
    assert await run_once(db, couriers(settings)[0]) == 1
    assert (await shown(call, begun))["state"] == "preview"
