"""What must exist before a session counts as held, for every format."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sessions.domain import rooms as rooms_module
from services.sessions.domain.catalogue import ALL
from services.sessions.domain.formats import Format, Requirement
from services.sessions.domain.requirements import GROUP_WIDE, OF_ONE_SESSION, Facts, missing
from services.sessions.domain.rooms import mix
from shared.events.privacy import ErasureRequested
from tests.sessions.conftest import PAST, TODAY, World
from tests.sessions.events import circle
from tests.sessions.gathering import add, attend, begin, found, workday

LOOKED_AT = frozenset(get_args(Requirement)) - GROUP_WIDE - OF_ONE_SESSION


@pytest.mark.parametrize("shape", ALL, ids=lambda shape: shape.name)
def test_what_a_format_requires_can_be_met_and_each_part_is_needed(shape: Format) -> None:
    facts = Facts(shape.requires, True, True, True, {"it", None}, True, True)
    assert missing(shape, facts) == []
    for name in shape.requires:
        without = Facts(
            written=set(shape.requires) - {name},
            goals=name != "goals",
            agreed=name != "agreement",
            recurs=name != "recurrence",
            functions={"it"} if name == "two_functions" else {"it", "sales"},
            rooms=name != "rooms",
            confirmed=name != "confirmation",
        )
        assert missing(shape, without) == ([] if name in {"rotation", "end_date"} else [name])
    assert ("rotation" not in shape.requires) or shape.rotation is not None


async def one(world: World, format_: str, people: list[UUID], **changes: Any) -> tuple[UUID, dict[str, Any]]:
    programme = await world.programme(format=format_)
    others = [{"person_id": str(each)} for each in people[1:]]
    group = await found(world, people[0], programme, members=others, **changes)
    session = await add(world, people[0], group, workday(3))
    await begin(world, session)
    return session, group


async def state(world: World, session: UUID, who: UUID) -> str:
    return str((await world.call("GET", f"/v1/sessions/{session}", who=who)).json()["state"])


async def test_a_problem_solving_session_is_held_once_challenge_and_outcome_are_written(world: World) -> None:
    """C6."""
    people = [*(await world.people(2, job_function="it")), *(await world.people(1, job_function="law"))]
    session, group = await one(world, "problem_solving", people)
    path = f"/v1/sessions/{session}"
    seen = await attend(world, session, people, people[0])
    assert (seen["state"], seen["attendance_recorded"]) == ("scheduled", True)
    lacking = (await world.call("GET", f"{path}/requirements", who=people[1])).json()
    assert lacking["missing"] == ["challenge", "outcome"]
    body = {"content": "The bill run takes a week; it shall take a day."}
    wrote = await world.call("PUT", f"/v1/groups/{group['group_id']}/artefacts/challenge", body, who=people[1])
    assert (wrote.status_code, wrote.json()["version"], wrote.json()["written_by"]) == (200, 1, str(people[1]))
    assert await state(world, session, people[0]) == "scheduled"
    await world.call("PUT", f"{path}/artefacts/outcome", {"content": "Four hours."}, who=people[2])
    assert await state(world, session, people[0]) == "held"
    again = await world.call("PUT", f"{path}/artefacts/outcome", {"content": "Three hours."}, who=people[2])
    assert again.json()["version"] == 2
    assert len(await world.told("session.held")) == 1
    assert len(await world.told("participation.changed")) == 3
    listed = (await world.call("GET", f"{path}/artefacts", who=people[0])).json()["items"]
    assert [(each["kind"], each["session_id"]) for each in listed] == [("challenge", None), ("outcome", str(session))]


async def test_a_charter_written_late_lets_all_that_waited_for_it_be_held(world: World) -> None:
    people = await world.people(5)
    session, group = await one(world, "community_of_practice", people)
    await add(world, people[0], group, workday(5))
    assert (await attend(world, session, people, people[0]))["state"] == "scheduled"
    path = f"/v1/groups/{group['group_id']}/artefacts/charter"
    assert (await world.call("PUT", path, {"content": "Together"}, who=people[1])).status_code == 200
    assert await state(world, session, people[0]) == "held"


async def test_practice_feedback_and_adjustment_come_one_after_the_other(world: World) -> None:
    """F23."""
    people = await world.people(2)
    session, _ = await one(world, "practice_feedback_adjust", people)
    path = f"/v1/sessions/{session}/artefacts"
    early = await world.call("PUT", f"{path}/adjustment", {"content": "x"}, who=people[0])
    assert (early.status_code, early.json()["missing"]) == (409, ["practice", "feedback"])
    for kind in ("practice", "feedback", "adjustment"):
        assert (await world.call("PUT", f"{path}/{kind}", {"content": kind}, who=people[0])).status_code == 200
    assert (await attend(world, session, people, people[0]))["state"] == "held"


async def test_a_coachs_certificate_is_written_by_an_owner_alone(world: World) -> None:
    """F7."""
    coach, learner = await world.people(2)
    programme = await world.programme(format="coaching", group_size_max=2)
    members = [{"person_id": str(learner), "role": "learner"}]
    group = await found(world, coach, programme, role="teacher", members=members)
    path = f"/v1/groups/{group['group_id']}/artefacts/certificate"
    refused = await world.call("PUT", path, {"content": "ICF"}, who=coach)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/owners-alone")
    assert (await world.own("PUT", path, {"content": "ICF, 2027"})).status_code == 200


async def test_mentoring_is_held_once_everybody_has_agreed(world: World) -> None:
    """F6."""
    mentor, mentee = await world.people(2)
    programme = await world.programme(format="mentoring", group_size_max=2)
    members = [{"person_id": str(mentee), "role": "learner"}]
    group = await found(world, mentor, programme, members=members)
    session = await add(world, mentor, group, workday(3))
    for who in (mentor, mentee):
        rules = {"rules_version": 1}
        assert (
            await world.call("POST", f"/v1/groups/{group['group_id']}/acknowledgements", rules, who=who)
        ).status_code == 201
        lacking = (await world.call("GET", f"/v1/sessions/{session}/requirements", who=mentor)).json()["missing"]
        assert lacking == ([] if who == mentee else ["agreement"])


async def test_a_pair_has_goals_of_its_own_and_an_end_that_cancels_what_lies_after_it(world: World) -> None:
    """F6, F8: within the programme; the goals are gone with whoever of the pair is erased."""
    mentor, mentee, stranger = await world.people(3)
    programme = await world.programme(format="mentoring", group_size_max=2)
    members = [{"person_id": str(mentee), "role": "learner"}]
    group = await found(world, mentor, programme, members=members)
    path = f"/v1/groups/{group['group_id']}"
    early, late = [await add(world, mentor, group, workday(day)) for day in (3, 21)]
    end = workday(10).date().isoformat()
    assert (await world.call("PUT", f"{path}/term", {"ends_on": end}, who=stranger)).status_code == 404
    for term, field in (
        ({"ends_on": "2199-01-01"}, "ends_on"), ({"starts_on": "2001-01-01"}, "starts_on"),
        ({"starts_on": workday(12).date().isoformat(), "ends_on": end}, "ends_on"),
    ):  # fmt: skip
        refused = await world.call("PUT", f"{path}/term", term, who=mentee)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    agreed = (await world.call("PUT", f"{path}/term", {"ends_on": end}, who=mentee)).json()
    assert (agreed["starts_on"], agreed["ends_on"]) == (None, end)
    states = [(await world.call("GET", f"/v1/sessions/{one}", who=mentor)).json()["state"] for one in (early, late)]
    assert states == ["scheduled", "cancelled"]
    assert [one["session_id"] for one in await world.told("session.cancelled")] == [str(late)]
    after = {"starts_at": workday(21).isoformat()}
    refused = await world.call("POST", f"{path}/sessions", after, who=mentor)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "starts_at")
    goals = {"content": "To lead a project by summer"}
    assert (await world.call("PUT", f"{path}/artefacts/goals", goals, who=mentor)).status_code == 200
    (kept,) = (await world.call("GET", f"{path}/artefacts", who=mentee)).json()["items"]
    assert (kept["kind"], kept["content"]) == ("goals", goals["content"])
    assert (await world.call("GET", f"{path}/artefacts", who=stranger)).status_code == 404
    await world.hear(ErasureRequested(request_id=uuid4(), person_id=mentee, requested_on=TODAY))
    assert (await world.call("GET", f"{path}/artefacts", who=mentor)).json()["items"] == []


async def test_what_is_agreed_or_planned_after_a_session_holds_it_too(world: World) -> None:
    """C21."""
    people = await world.people(5)
    mentee = [{"person_id": str(people[1]), "role": "learner"}]
    group = await found(world, people[0], await world.programme(format="mentoring"), role="teacher", members=mentee)
    session = await add(world, people[0], group, workday(3))
    await begin(world, session)
    assert (await attend(world, session, people[:2], people[0]))["state"] == "scheduled"
    for who, expected in zip(people[:2], ("scheduled", "held"), strict=True):
        path, rules = f"/v1/groups/{group['group_id']}/acknowledgements", {"rules_version": 1}
        assert (await world.call("POST", path, rules, who=who)).status_code == 201
        assert await state(world, session, people[0]) == expected
    once, standing = await one(world, "community_of_practice", people, charter="Together")
    assert (await attend(world, once, people, people[0]))["state"] == "scheduled"
    await add(world, people[0], standing, workday(10))
    assert await state(world, once, people[0]) == "held"
    assert len(await world.told("session.held")) == 2


async def test_what_is_closed_is_read_by_those_who_were_there(world: World) -> None:
    *people, stranger = await world.people(4, facilitator_ready=False)
    session, group = await one(world, "critique_group", people)
    path = f"/v1/sessions/{session}/artefacts"
    assert (await world.call("PUT", f"{path}/challenge", {"content": "Hm"}, who=people[0])).status_code == 200
    assert len((await world.call("GET", path, who=people[1])).json()["items"]) == 1
    assert (await world.own("GET", path)).json()["items"] == []
    for method, where, body in (
        ("GET", path, None), ("PUT", f"{path}/challenge", {"content": "x"}),
        ("GET", f"/v1/sessions/{session}/requirements", None), ("GET", f"/v1/sessions/{session}/checklist", None),
        ("GET", f"/v1/groups/{group['group_id']}/artefacts", None),
        ("PUT", f"/v1/sessions/{session}/checklist", {"playbook": 1, "done": [1]}),
    ):  # fmt: skip
        assert (await world.call(method, where, body, who=stranger)).status_code == 404, (method, where)


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("luck", {"content": "x"}, "kind"),
        ("charter", {"content": "x"}, "kind"),
        ("lesson", {"content": " "}, "content"),
    ],
)
async def test_a_wrong_artefact_is_named(kind: str, body: dict[str, Any], field: str, world: World) -> None:
    people = await world.people(3)
    session, _ = await one(world, "knowledge_sharing", people)
    reply = await world.call("PUT", f"/v1/sessions/{session}/artefacts/{kind}", body, who=people[0])
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)
    huge = await world.call(
        "PUT", f"/v1/sessions/{session}/artefacts/lesson", {"content": "x" * 10_000_000}, who=people[0]
    )
    assert huge.status_code == 413


async def test_a_playbook_is_ticked_off_by_its_version(world: World) -> None:
    """C10."""
    people = await world.people(4)
    programme = await world.programme(**PAST)
    await world.hear(circle(programme, people, None))
    session = (await world.call("GET", "/v1/sessions", who=people[0])).json()["items"][0]["session_id"]
    path = f"/v1/sessions/{session}/checklist"
    assert (await world.call("GET", path, who=people[0])).status_code == 404
    ticked = await world.call("PUT", path, {"playbook": 1, "done": [3, 1, 3]}, who=people[0])
    assert ticked.json() == {"playbook": 1, "done": [1, 3]}
    assert (await world.call("GET", path, who=people[1])).json() == ticked.json()
    wrong = await world.call("PUT", path, {"playbook": 1, "done": [99]}, who=people[0])
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "done")
    assert (await world.call("PUT", path, {"playbook": 2, "done": []}, who=people[0])).status_code == 404


@given(
    divisions=st.lists(st.sampled_from("abcd"), min_size=1, max_size=60),
    size=st.integers(2, 8),
    rounds=st.integers(1, 6),
)
def test_rooms_hold_everybody_once_and_are_even_and_spread_each_division(
    divisions: list[str], size: int, rounds: int
) -> None:
    """F14."""
    people = {UUID(int=number): division for number, division in enumerate(divisions)}
    for rooms in mix(people, size, rounds):
        assert sorted(one for room in rooms for one in room) == sorted(people)
        assert max(map(len, rooms)) <= size
        assert max(map(len, rooms)) - min(map(len, rooms)) <= 1
        for division in set(divisions):
            counts = [sum(people[one] == division for one in room) for room in rooms]
            assert max(counts) - min(counts) <= 1


def halves(kinds: Sequence[int]) -> set[frozenset[frozenset[UUID]]]:
    """Every way to part people into two rooms with each kind spread evenly."""
    people = [UUID(int=number) for number in range(len(kinds))]
    found = set()
    for room in combinations(range(len(kinds)), len(kinds) // 2):
        inside, all_of = Counter(kinds[one] for one in room), Counter(kinds)
        if all(abs(2 * inside[kind] - all_of[kind]) <= 1 for kind in all_of):
            one = frozenset(people[number] for number in room)
            found.add(frozenset((one, frozenset(people) - one)))
    return found


def couples(rooms: Iterable[Iterable[UUID]]) -> set[tuple[UUID, ...]]:
    return {pair for room in rooms for pair in combinations(sorted(room), 2)}


@pytest.mark.parametrize(("people", "kinds"), [(8, 1), (8, 2), (8, 4), (10, 5), (12, 4), (12, 12), (6, 3)])
def test_rounds_differ_and_share_as_few_couples_as_any_could(people: int, kinds: int) -> None:
    """F14: of every way to part them into two rooms, three rounds that put fewest together again."""
    spread = [number % kinds for number in range(people)]
    dealt = mix({UUID(int=number): str(kind) for number, kind in enumerate(spread)}, people // 2, 3)
    possible = halves(spread)
    rounds = [frozenset(map(frozenset, rooms)) for rooms in dealt]
    assert len(set(rounds)) == 3
    assert set(rounds) <= possible
    first, *_ = by_couples = [couples(rooms) for rooms in rounds]
    ways = [couples(way) for way in possible]
    some = ways if len(ways) < 300 else ways[:300]
    least = min(len(first & one) + len(first & other) + len(one & other) for one in some for other in some)
    assert sum(len(one & other) for one, other in combinations(by_couples, 2)) <= least


@given(st.lists(st.sampled_from("abc"), min_size=4, max_size=8).filter(lambda one: len(one) % 2 == 0))
@settings(deadline=None)
def test_no_two_rounds_are_equal_while_another_is_possible(divisions: list[str]) -> None:
    """F14."""
    possible = len(halves([ord(one) for one in divisions]))
    rounds = min(possible, 12)
    people = {UUID(int=number): division for number, division in enumerate(divisions)}
    dealt = mix(people, len(divisions) // 2, rounds)
    assert len({frozenset(map(frozenset, rooms)) for rooms in dealt}) == rounds


def test_everybody_meets_everybody_once_where_that_can_be() -> None:
    """F14: nine in threes for four rounds, and sixteen in fours for five."""
    for size in (3, 4):
        people = {UUID(int=number): "" for number in range(size * size)}
        met = [pair for rooms in mix(people, size, size + 1) for pair in couples(rooms)]
        assert len(met) == len(set(met)) == size * size * (size * size - 1) / 2


def test_many_people_are_dealt_rooms_in_a_bounded_search(monkeypatch: pytest.MonkeyPatch) -> None:
    people = {UUID(int=number): str(number % 7) for number in range(200)}
    assert len({pair for rooms in mix(people, 8, 6) for pair in couples(rooms)}) > 3900
    monkeypatch.setattr(rooms_module, "LOOKS", 0)
    assert len({pair for rooms in mix(people, 8, 6) for pair in couples(rooms)}) < 3900


async def test_an_event_is_held_once_its_rooms_were_formed(world: World) -> None:
    """F14."""
    people = [*(await world.people(3)), *(await world.people(3, unit_path=("acme", "it")))]
    session, _ = await one(world, "networking_event", people)
    await world.execute("UPDATE participants SET state = 'registered', version = 1")
    assert (await attend(world, session, people[:1], people[0]))["state"] == "scheduled"
    path = f"/v1/sessions/{session}/rooms"
    refused = await world.call("PUT", path, {"size": 3, "rounds": 2}, who=people[1])
    assert refused.status_code == 403
    formed = (await world.call("PUT", path, {"size": 3, "rounds": 2}, who=people[0])).json()["items"]
    assert [(room["round"], room["room"], len(room["people"])) for room in formed] == [
        (1, 1, 3), (1, 2, 3), (2, 1, 3), (2, 2, 3),
    ]  # fmt: skip
    assert await state(world, session, people[0]) == "held"
    assert (await world.call("GET", path, who=uuid4())).status_code == 404
