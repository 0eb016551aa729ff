from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.domain.person import UnknownTimeZone
from services.matching.store import people
from shared.events.directory import PersonErased, SkillChanged
from tests.matching.conftest import World
from tests.matching.test_upkeep import changed
from tests.matching.world import person, programme, today


@given(versions=st.lists(st.integers(1, 6), min_size=1, max_size=8), cut=st.integers(0, 8))
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_people_end_at_their_newest_version_in_any_order_and_any_batches(
    versions: list[int], cut: int, world: World
) -> None:
    who = uuid4()
    events = [person(who, version=version, job_level=version) for version in versions]
    for batch in (events[:cut], events[cut:], events[:1]):
        if batch:
            await world.hear(*batch)
    (row,) = await world.fetch("SELECT version, job_level FROM people WHERE person_id = $1", who)
    assert (row["version"], row["job_level"]) == (max(versions), max(versions))


async def test_nothing_brings_an_erased_person_back(world: World) -> None:
    who = uuid4()
    await world.hear(person(who))
    await world.hear(PersonErased(person_id=who))
    await world.hear(person(who, version=2))
    assert not await world.fetch("SELECT FROM people WHERE person_id = $1", who)


async def test_skills_and_programmes_keep_their_newest_version(world: World) -> None:
    await world.hear(
        SkillChanged(skill_id="s", version=2, label="New"), SkillChanged(skill_id="s", version=1, label="Old")
    )
    await world.hear(SkillChanged(skill_id="s", version=1, label="Old"))
    assert [row["label"] for row in await world.fetch("SELECT label FROM skills")] == ["New"]
    newer = programme(version=2, status="closed")
    await world.hear(newer)
    await world.hear(newer.model_copy(update={"version": 1, "status": "published"}))
    assert [row["status"] for row in await world.fetch("SELECT status FROM programmes")] == ["closed"]


async def test_a_programme_starts_with_its_formats_rules_and_keeps_them(world: World) -> None:
    given_programme = programme("problem_solving")
    await world.hear(given_programme)
    await world.hear(given_programme.model_copy(update={"version": 2}))
    (row,) = await world.fetch("SELECT version, rules FROM rules")
    assert row["version"] == 1
    assert row["rules"]["min_functions"] == 2


async def test_a_person_whose_clock_nobody_knows_is_refused(world: World) -> None:
    with pytest.raises(UnknownTimeZone):
        await world.hear(person(time_zone="Europe/Atlantis"))


async def test_a_thousand_people_are_one_batch(world: World) -> None:
    await world.hear(*(person() for _ in range(1000)))
    (row,) = await world.fetch("SELECT count(*) FROM people")
    assert row["count"] == 1000


async def test_who_is_new_in_the_rota_became_ready_this_month_whenever_they_were_hired(world: World) -> None:
    """MEASUREMENT 11."""
    first = today().replace(day=1)
    one = person(facilitator_ready=True, facilitator_since=first)

    async def new_host() -> bool:
        async with world.db.acquire() as conn:
            (known,) = await people.everybody(conn, None, today(), [one.person_id])
        return known.person.new_host

    await world.hear(one)
    assert await new_host()
    await world.hear(changed(one, hired_on=today(), facilitator_since=first - timedelta(days=1)))
    assert not await new_host()
    await world.hear(changed(one, 3, facilitator_ready=False, facilitator_since=None))
    assert not await new_host()
