"""Rounds too large for one process: offered part by part, solved by whoever takes the parts, and put together."""

from uuid import UUID, uuid4

import pytest

from services.matching.commands import shards
from services.matching.couriers import couriers
from services.matching.settings import MatchingSettings
from shared.courier import run_once
from shared.db import Database
from shared.events.directory import PersonChanged, PersonErased, SkillNeed, SkillOffer
from shared.events.matching import MatchProposed, PersonLeftUnmatched, RoundCompleted, ShardOffered
from tests.matching.conftest import Caller, World
from tests.matching.world import RUST, person, programme

OWNER = "programme-owner"
ZONES = ("Europe/Berlin", "America/Los_Angeles")


def crowd() -> list[PersonChanged]:
    """Two regions that share no working hours, four learners and four teachers in each."""
    return [
        person(
            time_zone=zone,
            needs=(SkillNeed(skill_id=RUST, level=1, target_level=2),) if row < 4 else (),
            offers=() if row < 4 else (SkillOffer(skill_id=RUST, level=4),),
        )
        for zone in ZONES
        for row in range(8)
    ]


class Large:
    """A programme of such people whose rounds are cut, and the workers that solve them."""

    def __init__(self, world: World, call: Caller, db: Database, settings: MatchingSettings) -> None:
        self.world = world
        self.call = call
        self.db = db
        self.couriers = couriers(settings)
        self.solver = self.couriers[1]
        self.people = crowd()
        self.programme_id = UUID(int=0)

    async def begin(self, part_people: int, format_: str = "mentoring", **options: object) -> dict[str, object]:
        found = programme(format_, group_size_min=3, group_size_max=5)
        self.programme_id = found.programme_id
        await self.world.hear(found)
        await self.world.hear(*self.people)
        path = f"/v1/programmes/{found.programme_id}/rules"
        tag = (await self.call("GET", path, OWNER)).headers["etag"]
        changed = await self.call("PATCH", path, OWNER, json={"part_people": part_people}, headers={"If-Match": tag})
        assert changed.status_code == 200, changed.text
        body = {"programme_id": str(found.programme_id), "seed": 7, **options}
        answer = await self.call("POST", "/v1/rounds", OWNER, json=body)
        assert answer.status_code == 201, answer.text
        begun: dict[str, object] = answer.json()
        return begun

    async def offers(self) -> list[ShardOffered]:
        return [ShardOffered.model_validate(each) for each in await self.world.said(ShardOffered)]

    async def begin_parts(self) -> int:
        """Take parts, as a worker does that is gone a moment later."""
        async with self.db.transaction() as conn:
            jobs = await self.solver.claim(conn)
        for job in jobs:
            await job.session.close()
        return len(jobs)

    async def work(self) -> None:
        """All that there is for this worker to do."""
        while [courier for courier in self.couriers if await run_once(self.db, courier)]:
            pass

    async def shown(self, round_id: object) -> dict[str, object]:
        found: dict[str, object] = (await self.call("GET", f"/v1/rounds/{round_id}", OWNER)).json()
        return found


@pytest.fixture
async def large(world: World, call: Caller, db: Database, settings: MatchingSettings) -> Large:
    return Large(world, call, db, settings)


async def test_parts_are_offered_taken_and_put_together(large: Large) -> None:
    begun = await large.begin(8)
    assert (begun["state"], begun["asked"], begun["matched"]) == ("solving", 8, 0)
    refused = await large.call("POST", f"/v1/rounds/{begun['round_id']}/publish", OWNER)
    assert (refused.status_code, refused.json()["state"]) == (409, "solving")
    offers = await large.offers()
    assert [offer.people for offer in offers] == [8, 8]
    assert await run_once(large.db, large.solver) == 0, "nobody has read the offers yet"
    await large.world.hear(*offers)
    await large.work()
    done = await large.shown(begun["round_id"])
    assert (done["state"], done["matched"], done["unmatched"]) == ("published", 8, 0)
    report = done["report"]
    assert isinstance(report, dict)
    assert (report["parts"], report["severed"]) == (2, False)
    assert len(await large.world.said(MatchProposed)) == 8
    (told,) = await large.world.said(RoundCompleted)
    assert told["matched"] == 8
    again = (await large.call("POST", f"/v1/rounds/{begun['round_id']}/replay", OWNER)).json()
    assert again["same_input"]
    assert again["same_output"], "what one process makes of the round is what the workers made of it"
    assert not await large.world.fetch("SELECT FROM shards")


async def test_a_part_of_more_people_than_one_process_may_hold_is_severed_and_says_so(large: Large) -> None:
    begun = await large.begin(5, dry_run=True)
    offers = await large.offers()
    assert max(offer.people for offer in offers) <= 5
    await large.world.hear(*offers)
    await large.work()
    done = await large.shown(begun["round_id"])
    assert (done["state"], done["matched"]) == ("preview", 8)
    report, gap = done["report"], done["gap"]
    assert isinstance(report, dict)
    assert isinstance(gap, float)
    assert report["severed"]
    assert gap >= 0.0
    assert not await large.world.said(MatchProposed)


async def test_circles_are_formed_in_parts_and_led_by_anybody(large: Large) -> None:
    """Those of the second region report, through somebody of the first, to one of their own."""
    one, boss = large.people[0], large.people[8]
    large.people[0] = one.model_copy(update={"manager_id": boss.person_id})
    large.people[9] = large.people[9].model_copy(update={"manager_id": one.person_id})
    large.people = [each.model_copy(update={"facilitator_ready": True}) for each in large.people]
    begun = await large.begin(9, "study_group")
    assert (begun["state"], begun["asked"]) == ("solving", 16)
    offers = await large.offers()
    assert sorted(offer.people for offer in offers) == [9, 9], "eight of one region, and who stands above one of them"
    assert await large.world.fetch("SELECT FROM shards WHERE cardinality(beside) = 1")
    await large.world.hear(*offers)
    await large.work()
    done = await large.shown(begun["round_id"])
    assert (done["state"], done["matched"], done["unmatched"]) == ("published", 16, 0)
    report = done["report"]
    assert isinstance(report, dict)
    assert (report["parts"], report["severed"]) == (2, False)
    groups: dict[UUID, set[UUID]] = {}
    for row in await large.world.fetch("SELECT match_id, person_id FROM match_members WHERE role = 'participant'"):
        groups.setdefault(row["match_id"], set()).add(row["person_id"])
    assert not [each for each in groups.values() if {boss.person_id, large.people[9].person_id} <= each]
    again = (await large.call("POST", f"/v1/rounds/{begun['round_id']}/replay", OWNER)).json()
    assert again["same_output"], "what one process makes of the round is what the workers made of it"


async def test_what_a_worker_took_and_left_lying_another_solves(large: Large, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = await large.begin(8)
    await large.world.hear(*await large.offers())
    assert await large.begin_parts()
    monkeypatch.setattr(shards, "WORKER", uuid4())
    await large.work()
    assert (await large.shown(begun["round_id"]))["state"] == "solving"
    await large.world.execute(
        "UPDATE shards SET leased_until = now() - interval '1 s', taken_at = now() - interval '1 min'"
    )
    await large.work()
    assert (await large.shown(begun["round_id"]))["state"] == "published"


async def test_a_part_that_never_ends_fails_the_round_and_says_so(large: Large) -> None:
    begun = await large.begin(8)
    await large.world.hear(*await large.offers())
    for _ in range(shards.TRIES):
        await large.begin_parts()
        await large.world.execute("UPDATE shards SET leased_until = now() - interval '1 s'")
    await large.work()
    failed = await large.shown(begun["round_id"])
    assert failed["state"] == "failed"
    report = failed["report"]
    assert isinstance(report, dict)
    assert "never ended" in report["failed"]
    assert not await large.world.said(PersonLeftUnmatched)
    refused = await large.call("POST", f"/v1/rounds/{begun['round_id']}/replay", OWNER)
    assert (refused.status_code, refused.json()["state"]) == (409, "failed")


async def test_who_is_erased_meanwhile_is_in_no_match(large: Large) -> None:
    begun = await large.begin(8)
    await large.world.hear(*await large.offers())
    gone = large.people[0].person_id
    assert await run_once(large.db, large.solver) > 0
    await large.world.hear(PersonErased(person_id=gone))
    await large.work()
    done = await large.shown(begun["round_id"])
    assert done["state"] == "published"
    members = {row["person_id"] for row in await large.world.fetch("SELECT person_id FROM match_members")}
    assert gone not in members
    assert len(await large.world.said(MatchProposed)) == 7


async def test_a_discarded_round_is_not_solved_any_more(large: Large) -> None:
    begun = await large.begin(8, dry_run=True)
    await large.world.hear(*await large.offers())
    assert (await large.call("POST", f"/v1/rounds/{begun['round_id']}/discard", OWNER)).json()["state"] == "discarded"
    await large.work()
    assert not await large.world.fetch("SELECT FROM matches")
