from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sessions.consumers import HANDLERS
from services.sessions.domain.group import CHOSEN_BY_MATCHING
from services.sessions.domain.person import UnknownTimeZone, division
from services.sessions.timers import TIMERS
from shared import kafka
from shared.envelope import encode
from shared.events.directory import ContactErased, PersonErased, SkillChanged, SkillNeed
from shared.events.privacy import ErasureRequested
from shared.events.topics import TOPICS
from shared.settings import Settings
from tests.fixtures.delivery import consuming, producing, until, wire
from tests.sessions.conftest import PAST, World
from tests.sessions.events import circle, contact, ended, pair, person, replaced


def test_what_is_read_is_what_the_contract_says() -> None:
    read = {cls.topic.name for cls in HANDLERS}
    assert read == {topic.name for topic in TOPICS if "sessions" in topic.readers}
    assert {"release-feedback", "schedule-waiting", "close-ended-programmes"} <= {timer.name for timer in TIMERS}


@pytest.mark.parametrize(("path", "expected"), [(("acme", "sales", "s-1"), "sales"), (("acme",), "acme"), ((), "none")])
def test_a_division_is_the_unit_below_the_root(path: tuple[str, ...], expected: str) -> None:
    assert division(path) == expected


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(st.lists(st.integers(1, 5), min_size=1), min_size=1, max_size=4))
async def test_any_order_and_any_duplicates_end_in_the_newest_version(versions: list[list[int]], world: World) -> None:
    one = uuid4()
    for batch in versions:
        await world.hear(*(person(one, version, work_starts=version * 60) for version in batch))
        await world.hear(*(contact(one, f"Name {version}", version) for version in batch))
        await world.hear(*(SkillChanged(skill_id="s", version=version, label=f"L{version}") for version in batch))
    newest = max(max(batch) for batch in versions)
    (row,) = await world.fetch("SELECT version, work_starts FROM people WHERE person_id = $1", one)
    assert tuple(row) == (newest, newest * 60)
    (row,) = await world.fetch("SELECT display_name FROM contacts WHERE person_id = $1", one)
    assert row["display_name"] == f"Name {newest}"


async def test_a_time_zone_nobody_knows_is_refused(world: World) -> None:
    for zone in ("Mars/Olympus", "../../etc/passwd", "Europe"):
        with pytest.raises(UnknownTimeZone):
            await world.hear(person(uuid4(), time_zone=zone))


async def states(world: World, who: UUID) -> list[str]:
    rows = await world.fetch("SELECT state FROM participants WHERE person_id = $1 ORDER BY state", who)
    return [row["state"] for row in rows]


async def test_whoever_leaves_is_not_expected_any_more_and_the_next_one_gets_the_seat(world: World) -> None:
    people = await world.people(4)
    await world.hear(circle(await world.programme(), people, None))
    await world.execute("UPDATE participants SET state = 'registered', version = 1 WHERE person_id = $1", people[0])
    await world.execute(
        "UPDATE participants SET state = 'waitlisted', place = 1, version = 1 WHERE person_id = $1", people[1]
    )
    await world.execute("UPDATE sessions SET capacity = 1")
    await world.hear(person(people[0], 2, status="left"), person(people[2], 2, status="left"))
    assert set(await states(world, people[0])) == {"cancelled_early"}
    assert set(await states(world, people[1])) == {"registered"}
    assert await states(world, people[2]) == []
    assert len(await world.fetch("SELECT FROM group_members")) == 2
    told = await world.told("participation.changed")
    assert {(event["person_id"], event["state"], event["version"]) for event in told} == {
        (str(people[0]), "cancelled_early", 2),
        (str(people[1]), "registered", 2),
    }


async def test_a_facilitator_who_leaves_leads_nothing_any_more(world: World) -> None:
    *people, lead = await world.people(5)
    await world.hear(circle(await world.programme(), people, lead))
    await world.hear(person(lead, 2, status="left"))
    told = await world.told("session.rescheduled")
    assert [(event["facilitator_id"], event["version"]) for event in told] == [(None, 2)] * 4


async def test_an_ended_match_cancels_what_is_to_come_once(world: World) -> None:
    people = await world.people(2)
    match = pair(await world.programme(format="mentoring", group_size_max=2), *people)
    await world.hear(match)
    for _ in range(2):
        await world.hear(ended(match, 2))
    told = await world.told("session.cancelled")
    assert [event["version"] for event in told] == [2] * 4
    reply = (await world.call("GET", "/v1/sessions", who=people[0])).json()["items"]
    assert {session["state"] for session in reply} == {"cancelled"}


async def test_what_has_been_stays_when_a_match_ends(world: World) -> None:
    people = await world.people(4)
    match = circle(await world.programme(**PAST), people, None)
    await world.hear(match)
    await world.hear(ended(match, 2))
    assert await world.told("session.cancelled") == []


async def test_a_new_facilitator_takes_over_what_is_to_come(world: World) -> None:
    *people, old, new = await world.people(6)
    match = circle(await world.programme(), people, old)
    await world.hear(match)
    await world.hear(replaced(match, new, 2))
    await world.hear(replaced(match, old, 1))
    sessions = (await world.own("GET", "/v1/sessions")).json()["items"]
    assert {(session["facilitator_id"], session["version"]) for session in sessions} == {(str(new), 2)}
    for session in sessions:
        roles = {part["person_id"]: part["role"] for part in session["participants"]}
        assert roles[str(new)] == "facilitator"
        assert str(old) not in roles
    (group,) = (await world.own("GET", "/v1/groups")).json()["items"]
    assert (group["facilitator_id"], len(group["members"])) == (str(new), 5)
    assert len(await world.told("session.rescheduled")) == 4
    assert {told["facilitator_why"] for told in (group, *sessions)} == {CHOSEN_BY_MATCHING}


async def test_who_leads_from_the_first_says_why_and_nobody_needs_no_reason(world: World) -> None:
    *people, lead = await world.people(6)
    programme = await world.programme()
    led = circle(programme, people[:3], lead)
    await world.hear(led)
    await world.hear(circle(programme, people[3:], None))

    async def whys() -> set[tuple[str | None, str | None]]:
        pages = [await world.own("GET", path) for path in ("/v1/groups", "/v1/sessions")]
        told = [one for page in pages for one in page.json()["items"]]
        return {(one["facilitator_id"], one["facilitator_why"]) for one in told}

    assert await whys() == {(str(lead), CHOSEN_BY_MATCHING), (None, None)}
    await world.hear(replaced(led, None, 2))
    assert await whys() == {(None, None)}


async def test_a_session_moves_when_the_new_facilitator_cannot_be_there(world: World) -> None:
    *people, old = await world.people(5)
    (new,) = await world.people(1, work_starts=9 * 60, work_ends=11 * 60)
    match = circle(await world.programme(), people, old)
    await world.hear(match)
    before = [event["starts_at"] for event in await world.told("session.scheduled")]
    await world.hear(replaced(match, new, 2))
    told = await world.told("session.rescheduled")
    assert [event["starts_at"] for event in told] != before
    sessions = (await world.own("GET", "/v1/sessions")).json()["items"]
    assert {session["why"] for session in sessions} == {"Moved, so that the new facilitator can be there"}


async def everything_of(world: World, who: UUID) -> list[str]:
    """Every table that still names somebody, the outbox and the erased list aside."""
    tables = await world.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        " AND table_name NOT LIKE 'outbox%' AND table_name NOT IN ('erased_people', 'audit')"
    )
    found = []
    for row in tables:
        name = row["table_name"]
        if await world.fetch(f"SELECT FROM {name} AS t WHERE to_jsonb(t)::text LIKE $1", f"%{who}%"):
            found.append(name)
    return found


async def test_an_erased_person_is_nowhere_and_does_not_come_back(world: World) -> None:
    people = await world.people(5)
    programme = await world.programme(sponsor_id=str(people[4]))
    await world.hear(contact(people[4]))
    match = circle(programme, people[:4], people[4])
    await world.hear(match)
    await world.call("POST", "/v1/calendar-feeds", who=people[4])
    assert len(await everything_of(world, people[4])) >= 6
    request = ErasureRequested(request_id=uuid4(), person_id=people[4], requested_on=date(2026, 11, 21))
    await world.hear(PersonErased(person_id=people[4]))
    await world.hear(request)
    await world.hear(ContactErased(person_id=people[4]))
    assert await everything_of(world, people[4]) == []
    (receipt,) = await world.told("erasure.completed")
    assert (receipt["request_id"], receipt["service"]) == (str(request.request_id), "sessions")
    assert receipt["rows"] >= 8
    await world.hear(person(people[4], 99))
    await world.hear(contact(people[4], version=99))
    await world.hear(circle(programme, people[:3], people[4]))
    assert await everything_of(world, people[4]) == []
    assert (await world.told("programme.changed"))[-1]["sponsor_id"] is None


async def test_through_a_real_broker_a_circle_is_scheduled_once(world: World, bootstrap: str) -> None:
    settings = Settings(
        service="sessions",
        database_url="postgresql://unused",
        kafka_bootstrap=bootstrap,
        topic_prefix=f"s{uuid4().hex}-",
        instance="one",
    )
    await kafka.apply_topics(settings)
    programme, people = await world.programme(), [uuid4() for _ in range(5)]
    match: Any = circle(programme, people[:4], people[4])
    async with producing(settings) as client:
        for event in (*(person(one) for one in people), match, match):
            headers, value = encode(event, {})
            await client.send_and_wait(wire(settings, event), value, event.key.encode(), headers=headers)
    async with consuming(settings, world.db, HANDLERS):
        await until(world.db, "SELECT count(*) FROM people", 5)
        await until(world.db, "SELECT count(*) FROM inbox", 7)
    async with world.db.transaction() as conn:
        await next(timer for timer in TIMERS if timer.name == "schedule-waiting").run(conn)
    assert len(await world.fetch("SELECT FROM sessions")) == 4
    assert await world.fetch("SELECT FROM dead_letters") == []


async def test_the_same_version_said_again_fills_in_what_an_older_release_did_not_keep(world: World) -> None:
    who = uuid4()
    need = SkillNeed(skill_id="urn:mending", level=1, target_level=3)
    await world.hear(person(who, needs=(need,)))
    kept = "SELECT needs, knows, time_zone, version FROM people WHERE person_id = $1"
    before = await world.fetch(kept, who)
    await world.execute("UPDATE people SET needs = '[]' WHERE person_id = $1", who)  # as the migration left it
    await world.hear(person(who, needs=(need,)))
    assert await world.fetch(kept, who) == before
    await world.hear(person(who, needs=(need,), time_zone="Asia/Tokyo"))
    assert await world.fetch(kept, who) == before
