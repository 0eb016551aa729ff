"""What nobody can match, asked for through the API: each ends with how many, why, and what would change it."""

from typing import Any
from uuid import uuid4

import pytest

from shared.events.directory import PersonChanged, SkillChanged, SkillOffer
from tests.matching.conftest import Caller, World
from tests.matching.world import PIANO, RUST, learner, newcomer, person, programme, teacher

OWNER = "programme-owner"
NIGHT: dict[str, Any] = {"time_zone": "Pacific/Auckland"}


def trading(wants: str, teaches: str = RUST, **changes: Any) -> PersonChanged:
    return learner(skill=wants, offers=(SkillOffer(skill_id=teaches, level=4),), **changes)


def helps(body: dict[str, Any]) -> list[tuple[str, str | None, int]]:
    return [(one["code"], one["detail"], one["people"]) for one in body["report"]["changes"]]


async def copies(world: World) -> None:
    """Two thousand times whoever there is."""
    await world.execute(
        "INSERT INTO people SELECT (json_populate_record(person, json_build_object('person_id', gen_random_uuid()))).*"
        " FROM people AS person, generate_series(1, 1999)"
    )


async def outcome(
    world: World,
    call: Caller,
    *people: PersonChanged,
    format_: str = "mentoring",
    rules: dict[str, Any] | None = None,
) -> dict[str, Any]:
    about = (RUST,) if format_ == "mentoring" and not (rules or {}).get("exchange") else ()
    found = programme(format_, skills=about)
    await world.hear(found)
    await world.hear(*people)
    if rules:
        path = f"/v1/programmes/{found.programme_id}/rules"
        etag = (await call("GET", path, OWNER)).headers["ETag"]
        changed = await call("PATCH", path, OWNER, json=rules, headers={"If-Match": etag})
        assert changed.status_code == 200, changed.text
    answer = await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(found.programme_id)})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert (body["matches"], body["matched"] + body["unmatched"]) == (0, body["asked"])
    left = (await call("GET", f"/v1/rounds/{body['round_id']}/unmatched", OWNER)).json()["items"]
    assert len(left) == body["unmatched"]
    assert all(one["text"] and one["change"]["text"] for one in left)
    assert "{" not in str([one["change"]["text"] for one in left])
    return body


@pytest.mark.parametrize(
    ("guides", "reason", "change"),
    [
        ([teacher(level=1)], "level_too_low", "one_level_less"),
        ([teacher(capacity=0)], "capacity_full", "more_capacity"),
        ([teacher(time_budget_minutes=0)], "not_available", "another_teacher"),
        ([person()], "nobody_offers_it", "find_teacher"),
        ([teacher(**NIGHT)], "too_few_common_hours", "other_hours"),
        ([teacher(languages=("fi",))], "no_common_language", "another_language"),
        ([teacher(opted_in=False)], "not_available", "another_teacher"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_impossibility_says_why_and_what_would_help(
    world: World, call: Caller, guides: list[PersonChanged], reason: str, change: str | None
) -> None:
    body = await outcome(world, call, learner(), learner(), *guides)
    assert body["unmatched_by_reason"] == {reason: 2}
    assert [one["code"] for one in body["report"]["changes"]] == ([change] if change else [])


@pytest.mark.parametrize(
    ("who", "rules", "reason", "change", "detail"),
    [
        ([learner(level=3), teacher(level=2)], {}, "level_too_low", "teacher_ahead", RUST),
        ([learner(level=2), teacher(level=1)], {"margin": 4}, "level_too_low", "smaller_margin", None),
        ([learner(level=1), teacher(level=3)], {"margin": 4}, "level_too_low", "levels_less", "2"),
        ([learner(time_budget_minutes=0), teacher()], {}, "no_time", "more_time", None),
        ([learner(time_budget_minutes=0), person()], {}, "no_time", "more_time", RUST),
        ([learner(), teacher()], {"exchange": True}, "no_exchange", "another_partner", None),
        ([learner(), trading(PIANO)], {"exchange": True}, "no_exchange", "offer_skill", PIANO),
        ([trading(RUST, teaches=PIANO, capacity=0), trading(PIANO)], {"exchange": True}, "", "own_capacity", None),
        (
            [trading(RUST, teaches=PIANO, time_budget_minutes=60), trading(PIANO)],
            {"exchange": True},
            "",
            "more_time",
            None,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_takes_more_than_a_small_change_is_named_too(
    world: World,
    call: Caller,
    who: list[PersonChanged],
    rules: dict[str, Any],
    reason: str,
    change: str,
    detail: str | None,
) -> None:
    body = await outcome(world, call, *who, rules=rules)
    told = [(one["code"], one["detail"]) for one in body["report"]["changes"]]
    assert (change, detail) in told
    assert all(one["people"] or one["code"] != "more_time" or one["also"] for one in body["report"]["changes"])
    assert (reason or "no_exchange") in body["unmatched_by_reason"]


@pytest.mark.parametrize(
    ("who", "rules", "reason", "change", "detail"),
    [
        ([person() for _ in range(2)], {}, "too_few_people", "more_people", "2"),
        ([person() for _ in range(4)], {}, "no_neutral_facilitator", "another_facilitator", None),
        ([person() for _ in range(6)], {"min_functions": 3}, "too_few_people", "more_functions", "2"),
        (
            [person(job_function=one) for one in ("software", "software", "software", None)],
            {"min_functions": 2},
            "too_few_people",
            "more_functions",
            "1",
        ),
        ([person(job_function=None) for _ in range(4)], {"min_functions": 2}, "too_few_people", "more_functions", "2"),
        (
            [person(job_level=level) for level in (1, 3, 5, 7)],
            {"levels": "banded"},
            "too_few_people",
            "wider_band",
            "6",
        ),
        ([person(time_budget_minutes=0) for _ in range(4)], {}, "no_time", "more_time", None),
        (
            [person(languages=(one,)) for one in ("fi", "de", "en", "es")],
            {},
            "no_common_language",
            "another_language",
            None,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_whom_no_circle_has_is_told_what_it_would_take(
    world: World,
    call: Caller,
    who: list[PersonChanged],
    rules: dict[str, Any],
    reason: str,
    change: str,
    detail: str | None,
) -> None:
    body = await outcome(world, call, *who, format_="mentoring_circle", rules=rules)
    assert body["unmatched_by_reason"] == {reason: len(who)}
    assert helps(body) == [(change, detail, len(who))]


async def test_a_newcomer_whom_nobody_can_accompany_is_told_what_it_would_take(world: World, call: Caller) -> None:
    body = await outcome(world, call, newcomer(), person(opted_in=False), format_="onboarding_buddy")
    assert [one["code"] for one in body["report"]["changes"]] == ["another_buddy"]


async def test_everyone_in_one_reporting_line_forms_no_circle(world: World, call: Caller) -> None:
    line = [person()]
    for _ in range(6):
        line.append(person(manager_id=line[-1].person_id))
    body = await outcome(world, call, *line, format_="mentoring_circle")
    assert body["unmatched_by_reason"] == {"reporting_line": 7}
    assert helps(body) == [("another_line", None, 7)]


async def test_thousands_who_want_one_skill_of_nobody_are_all_told(world: World, call: Caller) -> None:
    one, found = learner(), programme()
    await world.hear(found)
    await world.hear(one)
    await copies(world)
    answer = await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(found.programme_id), "dry_run": True})
    body = answer.json()
    assert body["unmatched_by_reason"] == {"nobody_offers_it": 2000}
    assert helps(body) == [("find_teacher", RUST, 2000)]
    parity = (await call("GET", f"/v1/rounds/{body['round_id']}/parity", OWNER)).json()
    assert parity["site"]["groups"] == [{"group": "BER", "asked": 2000, "matched": 0, "rate": 0.0}]


async def test_a_limit_of_time_is_honoured_and_said(world: World, call: Caller) -> None:
    found = programme()
    await world.hear(found)
    await world.hear(learner(), teacher(capacity=1))
    await copies(world)  # two people are matched sooner than anybody looks at a clock
    await world.execute("""UPDATE rules SET rules = rules || '{"seconds": 0}'""")
    answer = await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(found.programme_id)})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/round-too-long")
    assert not await world.fetch("SELECT FROM rounds")


@pytest.mark.parametrize(
    ("people", "about", "code"),
    [
        ([learner(), teacher()], {"audience_units": ("nowhere",)}, "outside_audience"),
        ([learner(opted_in=False), learner(status="leave")], {}, "not_taking_part"),
        ([learner(), teacher()], {"skills": (PIANO,)}, "nothing_of_it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_round_that_asks_nobody_says_why(
    world: World, call: Caller, people: list[PersonChanged], about: dict[str, Any], code: str
) -> None:
    """A programme that excludes everybody leaves nobody out, and is no success."""
    found = programme(**about)
    await world.hear(found)
    await world.hear(*people)
    body = (await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(found.programme_id)})).json()
    (told,) = body["report"]["not_asked"]
    assert (body["asked"], told["code"], told["people"]) == (0, code, 2)
    assert told["text"]
    assert (await call("GET", f"/v1/rounds/{body['round_id']}", OWNER)).json()["report"] == body["report"]


async def test_a_round_says_in_words_whom_it_left_out_and_what_would_help(world: World, call: Caller) -> None:
    await world.hear(SkillChanged(skill_id=RUST, version=1, label="Rust"))
    body = await outcome(world, call, learner(), learner(), person())
    report = body["report"]
    assert report["unmatched"] == [
        {"code": "nobody_offers_it", "people": 2, "text": "Nobody offers what is to be learned."}
    ]
    (told,) = report["changes"]
    assert (told["code"], told["detail"], told["skill"], told["people"]) == ("find_teacher", RUST, "Rust", 2)
    assert told["text"] == "Nobody offers Rust yet: somebody who teaches it has to be won."
    (listed,) = (await call("GET", "/v1/rounds", OWNER)).json()["items"]
    assert listed["report"] == report


@pytest.mark.parametrize("format_", ["onboarding_buddy", "mentoring_circle", "mentoring"])
async def test_which_language_lacks_is_said(world: World, call: Caller, format_: str) -> None:
    others = [teacher(languages=("fi", "sv")), teacher(languages=("sv",)), teacher(languages=("fi", "sv"))]
    asks = newcomer() if format_ == "onboarding_buddy" else learner()
    body = await outcome(world, call, asks, *others, format_=format_)
    told = [(one["code"], one["detail"], one["text"]) for one in body["report"]["changes"]]
    assert ("another_language", "sv", "A common language would do: sv.") in told


async def test_whoever_is_named_and_not_asked_is_counted_by_reason(world: World, call: Caller) -> None:
    """Others are not spoken of."""
    found, learns, helps = programme(), learner(), teacher()
    await world.hear(found)
    await world.hear(learns, helps, learner())
    asked = {"programme_id": str(found.programme_id), "people": [str(learns.person_id), str(uuid4())]}
    for reasons in ({"not_known": 1}, {"has_match": 1, "not_known": 1}):
        body = (await call("POST", "/v1/rounds", OWNER, json=asked)).json()
        assert {told["code"]: told["people"] for told in body["report"]["not_asked"]} == reasons


async def test_a_round_of_buddies_counts_whom_it_is_not_for(world: World, call: Caller) -> None:
    found = programme("onboarding_buddy")
    await world.hear(found)
    await world.hear(person(), person())
    body = (await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(found.programme_id)})).json()
    assert [(told["code"], told["people"]) for told in body["report"]["not_asked"]] == [("no_newcomer", 2)]
