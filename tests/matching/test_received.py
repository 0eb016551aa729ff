"""How pairs more or less alike were received: what it makes of scores, and that a round keeps what it heard."""

from copy import copy
from dataclasses import replace
from itertools import product
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.commands.received import ImpossibleAnswers
from services.matching.consumers import HANDLERS
from services.matching.engine import received
from services.matching.engine import round as engine
from services.matching.engine.people import Heard, Problem
from services.matching.engine.received import CLASSES, LEAST, points
from services.matching.engine.rules import WEIGHTS, Rules
from services.matching.engine.suggestions import suggest
from shared import inbox
from shared.events.directory import SkillChanged
from shared.events.matching import MatchAccepted, ShardOffered
from shared.events.sessions import LikenessRated
from tests.matching.conftest import Caller, Work, World
from tests.matching.world import RUST, engine_person, envelope, learner, newcomer, person, programme, teacher

OWNER = "programme-owner"
GOOD, BAD = "another_unit.same_site.2", "another_unit.same_site.0"
SAID = tuple(Heard("mentoring", likeness, 40, 40 * mean) for likeness, mean in ((BAD, 2), (GOOD, 5)))


def told(likeness: str, answers: int, usefulness: int, format_: str = "mentoring") -> LikenessRated:
    return LikenessRated(format=format_, likeness=likeness, answers=answers, usefulness=usefulness)


def of(heard: tuple[Heard, ...], likeness: str, most: int = 100, *, sites: bool = True) -> int:
    return int(points(heard, most, sites=sites)[CLASSES[likeness]])


def test_a_class_has_the_number_the_scan_gives_it() -> None:
    for unit, site, apart in product((False, True), (False, True), range(5)):
        name = received.likeness(another_unit=unit, same_site=site, apart=apart)
        assert received.number(unit, site, apart) == CLASSES[name]
    assert sorted(CLASSES.values()) == list(range(12))


def test_what_is_above_the_mean_of_all_brings_points_and_the_rest_none() -> None:
    """Forty answers of 5 and forty of 2: by 25 of the mean 3.5 the better is 0.92 above it, which is all there is."""
    assert (of(SAID, GOOD), of(SAID, BAD), of(SAID, "same_unit.same_site.0")) == (100, 0, 0)
    little = (Heard("mentoring", BAD, 200, 600), Heard("mentoring", GOOD, 100, 330))
    assert of(little, GOOD) == int(100 * 2 * (330 - 100 * 3.1) / (25 + 100)) == 32
    assert of(little, GOOD, 5) == 1


def test_few_answers_say_nothing_and_more_of_the_same_say_no_less() -> None:
    def better(many: int) -> int:
        return of((Heard("mentoring", BAD, 1000, 3000), Heard("mentoring", GOOD, many, 4 * many)), GOOD)

    assert better(LEAST - 10) == 0 < better(LEAST)
    assert [better(many) for many in (20, 30, 50, 100)] == sorted(better(many) for many in (20, 30, 50, 100))


def test_a_format_that_is_liked_more_makes_none_of_its_classes_better() -> None:
    two = (*SAID, *(Heard("job_shadowing", likeness, 40, 200) for likeness in (GOOD, BAD)))
    assert of(two, BAD) == 0
    one = tuple(Heard(format_, GOOD, 100, total) for format_, total in (("mentoring", 100), ("job_shadowing", 500)))
    assert of(one, GOOD) == 0


def test_where_nobody_travels_the_site_makes_no_other_class() -> None:
    elsewhere = "another_unit.another_site.2"
    assert of(SAID, elsewhere) == 0
    assert of(SAID, elsewhere, sites=False) == of(SAID, GOOD, sites=False) == 100
    assert of(SAID, "another_unit.another_site.1", sites=False) == 0


@given(
    st.lists(st.tuples(st.sampled_from([*CLASSES, "of a release ahead"]), st.integers(10, 999), st.floats(1, 5))),
    st.integers(0, 1000),
    st.booleans(),
)
def test_points_are_never_below_nothing_nor_above_what_they_may_be(
    said: list[tuple[str, int, float]], most: int, sites: bool
) -> None:
    heard = tuple(Heard("mentoring", likeness, many, int(many * mean)) for likeness, many, mean in said)
    found = points(heard, most, sites=sites)
    assert ((found >= 0) & (found <= most)).all()
    assert found.dtype == np.int64
    assert not most or (found > 0).sum() < len(CLASSES), "nobody is above the mean of nobody else"


@pytest.mark.parametrize("kind", ["pair", "buddy"])
def test_who_is_like_pairs_that_were_found_useful_is_preferred_and_told(kind: str) -> None:
    one, near, far = (UUID(int=number) for number in (1, 2, 3))
    rules = Rules(weights={**WEIGHTS, "seniority": 0})
    people = (
        engine_person(one, needs=(("a", 1, 2),)),
        engine_person(near, offers=(("a", 3),), unit="U2"),
        engine_person(far, offers=(("a", 3),), unit="U2", level=4),
    )
    problem = Problem(people, frozenset({one}), rules, 1, in_person=True, heard=SAID)
    (match,) = engine.solve(kind, problem).matches
    assert match.members[1][0] == far
    assert [term.points for term in match.terms if term.code == "well_received"] == [rules.weights["well_received"]]
    other_way = replace(problem, heard=(Heard("mentoring", GOOD, 40, 80), Heard("mentoring", BAD, 40, 200)))
    assert engine.solve(kind, other_way).matches[0].members[1][0] == near
    if kind == "pair":
        assert [found.members[1][0] for found in suggest(problem, one, 2)] == [far, near]
        assert [found.members[1][0] for found in suggest(other_way, one, 2)] == [near, far]


def test_rounds_that_heard_nothing_have_the_digest_they_had_before() -> None:
    people = (
        engine_person(UUID(int=1), needs=(("a", 1, 2),)),
        engine_person(UUID(int=2), offers=(("a", 3),), unit="U2"),
    )
    problem = Problem(people, frozenset({UUID(int=1)}), Rules(), 1)
    found = engine.run("pair", problem)
    assert found.digest == "933e9adab269c97c8e94bac7f8c0950914750a5937f37a789748f5adef2943fa"
    assert found.output_digest == "386a784e85d023d096d780c97dc90817c5a8433f1374ee8b5aa0dd04049e26dc"
    heavier = Rules(weights={**WEIGHTS, "well_received": 6})
    others = (replace(problem, heard=SAID), replace(problem, heard=SAID[:1]), replace(problem, rules=heavier))
    assert len({found.digest, *map(engine.digest, others)}) == 4


async def test_what_is_told_twice_counts_once_and_what_is_told_anew_is_added(world: World) -> None:
    events = [envelope(told(GOOD, 10, 40)), envelope(told(GOOD, 20, 70)), envelope(told(BAD, 10, 10))]
    for _ in range(2):
        async with world.db.transaction() as conn:
            if fresh := await inbox.claim(conn, "matching", [*events, copy(events[0])]):
                await HANDLERS[LikenessRated](conn, fresh)
    await world.hear(told(GOOD, 10, 50, "job_shadowing"), told(GOOD, 10, 30))
    rows = await world.fetch("SELECT * FROM well_received ORDER BY format, likeness")
    assert [tuple(row) for row in rows] == [
        ("job_shadowing", GOOD, 10, 50),
        ("mentoring", BAD, 10, 10),
        ("mentoring", GOOD, 40, 140),
    ]


@pytest.mark.parametrize("usefulness", [14, 76])
async def test_no_sum_of_such_answers_is_refused_by_name(usefulness: int, world: World) -> None:
    with pytest.raises(ImpossibleAnswers, match=f"usefulness: {usefulness} is no sum of 15"):
        await world.hear(told(GOOD, 15, usefulness))
    assert await world.fetch("SELECT FROM well_received") == []


async def run(call: Caller, programme_id: UUID) -> dict[str, object]:
    answer = await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(programme_id), "seed": 3})
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


async def replays(call: Caller, round_id: object) -> bool:
    replay = (await call("POST", f"/v1/rounds/{round_id}/replay", OWNER)).json()
    return bool(replay["same_input"] and replay["same_output"])


@pytest.mark.parametrize("part_people", [250_000, 3])
async def test_a_round_tells_what_it_heard_and_comes_to_the_same_bytes_when_more_was_heard(
    world: World, call: Caller, work: Work, part_people: int
) -> None:
    mentoring = programme(modality="in_person")
    await world.hear(mentoring)
    await world.hear(told(GOOD, 40, 200), told(BAD, 40, 80))
    await world.execute("UPDATE rules SET rules = rules || jsonb_build_object('part_people', $1::int)", part_people)
    for skill in ("skill/a", "skill/b"):
        await world.hear(
            learner(skill=skill),
            teacher(skill=skill, unit_code="U2", job_level=3),
            teacher(skill=skill, unit_code="U2", job_level=4),
        )
    found = await run(call, mentoring.programme_id)
    if offers := await world.said(ShardOffered):
        await world.hear(*map(ShardOffered.model_validate, offers))
        await work()
    matches = (await call("GET", f"/v1/matches?round_id={found['round_id']}", OWNER)).json()["items"]
    assert len(matches) == 2
    for match in matches:
        (why,) = (one for one in match["reasons"] if one["code"] == "well_received")
        assert (why["points"], why["text"]) == (5, "Pairs like this one were found useful.")
        assert sum(one["points"] for one in match["reasons"]) == match["score"]
    await world.hear(told(BAD, 1000, 5000))
    assert await replays(call, found["round_id"])
    simulations = f"/v1/programmes/{mentoring.programme_id}/rules/simulations"
    without = {"rules": {"weights": {"well_received": 0}}, "round_id": found["round_id"]}
    tried = (await call("POST", simulations, OWNER, json=without)).json()
    assert tried["before"]["value"] - tried["after"]["value"] == 2 * (5 - 3), "who is nearer has three points for it"
    assert await world.fetch("SELECT FROM rounds WHERE setting ? 'heard'")


async def test_who_agrees_is_told_of_with_how_alike_they_are(world: World, call: Caller) -> None:
    mentoring = programme()
    await world.hear(mentoring)
    one, other = learner(), teacher(job_level=5, site_code="MUC")
    await world.hear(one, other)
    found = await run(call, mentoring.programme_id)
    (match,) = (await call("GET", f"/v1/matches?round_id={found['round_id']}", OWNER)).json()["items"]
    for each in (one, other):
        assert (await call("POST", f"/v1/matches/{match['match_id']}/accept", person=each.person_id)).status_code == 200
    (accepted,) = await world.said(MatchAccepted)
    assert accepted["likeness"] == "same_unit.another_site.2"


async def test_a_newcomer_and_their_buddy_are_of_a_likeness_and_colleagues_are_not_scored_by_one(
    world: World, call: Caller
) -> None:
    buddies = programme("onboarding_buddy", modality="in_person")
    await world.hear(buddies)
    near = "same_unit.same_site.0"
    await world.hear(told(near, 40, 200, "onboarding_buddy"), told(BAD, 40, 80, "onboarding_buddy"))
    await world.hear(*(person() for _ in range(3)))
    new = newcomer()
    await world.hear(new)
    (match,) = (await call("GET", f"/v1/matches?programme_id={buddies.programme_id}", OWNER)).json()["items"]
    assert [why["points"] for why in match["reasons"] if why["code"] == "well_received"] == [5]
    introductions = await world.fetch("SELECT reasons FROM introductions")
    assert introductions
    assert not [why for row in introductions for why in row["reasons"] if why["code"] == "well_received"]
    buddy = next(one["person_id"] for one in match["members"] if one["role"] == "buddy")
    accepted = await call("POST", f"/v1/matches/{match['match_id']}/accept", person=UUID(buddy))
    assert accepted.status_code == 200
    assert [event["likeness"] for event in await world.said(MatchAccepted)] == [near]


@pytest.mark.parametrize("heard", [False, True])
async def test_help_is_asked_of_those_like_pairs_that_were_found_useful(
    world: World, call: Caller, *, heard: bool
) -> None:
    """Three are asked of four who are nearer by three points, and one who is worth five more for what was heard."""
    asker, liked = person(), teacher(unit_code="U6", job_level=4)
    await world.hear(asker, liked, *(teacher(unit_code=f"U{place}", job_level=3) for place in range(2, 6)))
    if heard:
        await world.hear(told(GOOD, 1000, 5000), told(BAD, 1000, 1000))
    await world.hear(SkillChanged(skill_id=RUST, version=1, label="Rust", broader=(), deprecated=False))
    body = {"skill_id": RUST, "level": 1, "within_hours": 8}
    assert (await call("POST", "/v1/help-requests", person=asker.person_id, json=body)).status_code == 201
    asked = {row["person_id"] for row in await world.fetch("SELECT person_id FROM help_asks")}
    assert (len(asked), liked.person_id in asked) == (3, heard)
