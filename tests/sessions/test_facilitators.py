"""A facilitator is above nobody, is chosen in turn, and goes when the reporting line changes."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sessions.commands import facilitators
from services.sessions.commands.facilitators import keep_neutral
from services.sessions.domain.hours import Hours
from services.sessions.domain.rota import Host, in_turn, mean_load
from shared import sql
from tests.sessions.conftest import TODAY, World
from tests.sessions.events import circle, person
from tests.sessions.gathering import add, found, workday

SQL = sql.load("services.sessions", "facilitators")
WEEK = Hours("UTC", 540, 1020, (1, 2, 3, 4, 5))
NOT_READY: dict[str, Any] = {"facilitator_ready": False}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bosses=st.lists(st.integers(-1, 9), min_size=10, max_size=10), asked=st.sets(st.integers(0, 9), min_size=1))
async def test_everybody_above_is_found_at_any_distance_also_round_a_circle(
    bosses: list[int], asked: set[int], world: World
) -> None:
    ids = [uuid4() for _ in bosses]
    managers = {one: ids[boss] if boss >= 0 else None for one, boss in zip(ids, bosses, strict=True)}
    await world.hear(*(person(one, manager_id=managers[one]) for one in ids))
    above: set[UUID] = set()
    for number in asked:
        seen, at = set(), managers[ids[number]]
        while at is not None and at not in seen:
            seen.add(at)
            at = managers[at]
        above |= seen
    rows = await world.fetch(SQL.above, [ids[number] for number in asked])
    assert {row["person_id"] for row in rows} == above


HOSTS = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 600), st.booleans()), min_size=1, max_size=8)


@given(HOSTS)
def test_the_least_loaded_for_their_time_is_next_and_new_ones_start_at_the_mean(
    pool: list[tuple[int, int, bool]],
) -> None:
    today = date(2026, 11, 15)
    hosts = [
        Host(UUID(int=number), WEEK, agreed, assigned, today if new else date(2020, 1, 1))
        for number, (agreed, assigned, new) in enumerate(pool)
    ]
    turns = in_turn(hosts, today)
    assert {turn.host.person_id for turn in turns} == {host.person_id for host in hosts if host.agreed}
    assert turns == sorted(turns, key=lambda turn: (turn.load, turn.host.person_id))
    mean = mean_load([host for host in hosts if host.agreed], today)
    for turn in turns:
        own = turn.host.assigned / turn.host.agreed
        assert turn.load == own + (mean if turn.host.ready_since == today else 0)


def test_over_a_month_hosts_are_given_as_much_as_they_have_agreed_to() -> None:
    today = date(2026, 11, 15)
    hosts = {UUID(int=n): Host(UUID(int=n), WEEK, 120 * n, 0, None) for n in (1, 2, 3)}
    for _ in range(60):
        chosen = in_turn(hosts.values(), today)[0].host
        hosts[chosen.person_id] = replace(chosen, assigned=chosen.assigned + 120)
    assert [host.assigned for host in hosts.values()] == [1200, 2400, 3600]


async def test_a_cohort_gets_a_neutral_facilitator_in_turn_and_everybody_sees_why(world: World) -> None:
    (boss, top), (one, two, three, four) = await world.people(2), await world.people(4, **NOT_READY)
    await world.hear(person(boss, 2, manager_id=top), *(person(p, 2, manager_id=boss, **NOT_READY) for p in (one, two)))
    neutral, busier = await world.people(2)
    programme = await world.programme(format="cohort")
    members = [{"person_id": str(each)} for each in (two, three, four)]
    first = await found(world, one, programme, members=members)
    assert first["facilitator_id"] in {str(neutral), str(busier)}
    assert "next in turn" in first["facilitator_why"]
    session = await add(world, one, first, workday(3))
    seen = (await world.call("GET", f"/v1/sessions/{session}", who=one)).json()
    assert seen["facilitator_id"] == first["facilitator_id"]
    second = await found(world, one, programme, members=members)
    assert {first["facilitator_id"], second["facilitator_id"]} == {str(neutral), str(busier)}
    path = f"/v1/groups/{first['group_id']}/facilitator"
    for who in (boss, top):
        refused = await world.call("PUT", path, {"person_id": str(who)}, who=one)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/facilitator-not-neutral")
    refused = await world.call("PUT", path, {"person_id": str(three)}, who=one)
    assert refused.status_code == 409
    unknown = await world.call("PUT", path, {"person_id": str(uuid4())}, who=one)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "person_id")
    named = await world.call("PUT", path, {"person_id": second["facilitator_id"]}, who=one)
    assert (named.status_code, named.json()["facilitator_id"]) == (200, second["facilitator_id"]), named.text
    version = (await world.call("GET", f"/v1/sessions/{session}", who=one)).json()["version"]
    await world.call("PUT", path, {"person_id": second["facilitator_id"]}, who=one)
    assert (await world.call("GET", f"/v1/sessions/{session}", who=one)).json()["version"] == version


async def test_of_very_many_some_are_drawn_and_others_where_none_of_them_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facilitators, "DRAWN", 3)
    monkeypatch.setattr(facilitators, "DRAWS", 80)
    (one, two, three, four) = await world.people(4, **NOT_READY)
    night: dict[str, Any] = {"work_starts": 0, "work_ends": 60}
    await world.people(12, **night)
    (free,) = await world.people(1)
    programme = await world.programme(format="cohort")
    group = await found(world, one, programme, members=[{"person_id": str(each)} for each in (two, three, four)])
    await add(world, one, group, workday(3))
    async with world.db.transaction() as conn:
        assert await facilitators.appoint(conn, UUID(group["group_id"])) == free


async def test_nobody_who_is_away_is_asked_and_a_session_that_one_missed_is_no_merit(world: World) -> None:
    here, missed = await world.people(2)
    away: dict[str, Any] = {"paused_until": TODAY + timedelta(days=30)}
    for change in (away, {"status": "leave"}, {"leaves_on": TODAY + timedelta(days=3)}, NOT_READY):
        await world.people(1, **change)
    (lead,) = await world.people(1, **NOT_READY)
    group = await found(world, lead, await world.programme(format="community_of_practice"), charter="We")
    for who in (here, missed):
        session = await add(world, lead, group, workday(3 + 2 * (who == missed)))
        await world.execute("UPDATE sessions SET facilitator_id = $2 WHERE session_id = $1", session, who)
    await world.execute(
        "INSERT INTO participants (session_id, person_id, role, state) VALUES ($1, $2, 'facilitator', 'no_show')",
        session, missed,
    )  # fmt: skip
    months = {workday(3).replace(day=1), workday(5).replace(day=1)}
    found_ = [await world.fetch(SQL.pool, [], month, TODAY + timedelta(days=7), "8", None, 1000) for month in months]
    assert {row["person_id"] for rows in found_ for row in rows} == {here, missed}
    minutes = {
        who: sum(row["assigned"] for rows in found_ for row in rows if row["person_id"] == who)
        for who in (here, missed)
    }
    assert (minutes[here] > 0, minutes[missed]) == (True, 0)


async def test_a_manager_change_far_up_the_line_replaces_the_facilitator_and_invites_the_next(world: World) -> None:
    """R2."""
    (one, two, three, four, boss) = await world.people(5, **NOT_READY)
    await world.hear(person(one, 2, manager_id=boss, **NOT_READY))
    (lead,) = await world.people(1)
    group = await found(
        world, one, await world.programme(format="cohort"), members=[{"person_id": str(p)} for p in (two, three, four)]
    )
    session = await add(world, one, group, workday(3))
    assert group["facilitator_id"] == str(lead)
    (other,) = await world.people(1)
    await world.hear(person(boss, 2, manager_id=lead, **NOT_READY))
    seen = (await world.call("GET", f"/v1/sessions/{session}", who=one)).json()
    assert (seen["facilitator_id"], seen["version"]) == (str(other), 2)
    roles = {part["person_id"]: (part["role"], part["state"]) for part in seen["participants"]}
    assert roles[str(other)] == ("facilitator", "invited")
    assert str(lead) not in roles
    (told,) = await world.told("session.rescheduled")
    assert told["facilitator_id"] == str(other)
    await world.hear(person(boss, 3, manager_id=other, **NOT_READY))
    after = (await world.call("GET", f"/v1/sessions/{session}", who=one)).json()
    assert after["facilitator_id"] == str(lead)


async def test_a_manager_heard_of_last_closes_the_line_to_the_facilitator(world: World) -> None:
    boss = uuid4()
    (one, two, three, four) = await world.people(4, **NOT_READY)
    await world.hear(person(one, 2, manager_id=boss, **NOT_READY))
    (lead,) = await world.people(1)
    members = [{"person_id": str(each)} for each in (two, three, four)]
    group = await found(world, one, await world.programme(format="cohort"), members=members)
    session = await add(world, one, group, workday(3))
    assert group["facilitator_id"] == str(lead)
    (other,) = await world.people(1)
    await world.hear(person(boss, manager_id=lead, **NOT_READY))
    seen = (await world.call("GET", f"/v1/sessions/{session}", who=one)).json()
    assert seen["facilitator_id"] == str(other)


async def test_the_last_check_before_a_session_holds_for_matched_groups_too(
    world: World,
) -> None:
    *people, lead = await world.people(5, **NOT_READY)
    await world.hear(circle(await world.programme(), people, lead))
    await world.execute(
        "UPDATE sessions SET starts_at = starts_at + interval '3 days', ends_at = ends_at + interval '3 days'"
    )
    await world.hear(person(people[0], 2, manager_id=lead, **NOT_READY))
    async with world.db.transaction() as conn:
        assert await keep_neutral(conn) == 0
    assert {row["facilitator_id"] for row in await world.fetch("SELECT facilitator_id FROM sessions")} == {lead}
    await world.execute(
        "UPDATE sessions SET starts_at = now() + interval '20 hours', ends_at = now() + interval '21 hours'"
        " WHERE session_id = (SELECT session_id FROM sessions ORDER BY starts_at LIMIT 1)"
    )
    async with world.db.transaction() as conn:
        await keep_neutral(conn)
    assert {row["facilitator_id"] for row in await world.fetch("SELECT facilitator_id FROM sessions")} == {None}
    version = (await world.fetch("SELECT sum(version) AS total FROM sessions"))[0]["total"]
    async with world.db.transaction() as conn:
        await keep_neutral(conn)
    assert (await world.fetch("SELECT sum(version) AS total FROM sessions"))[0]["total"] == version
