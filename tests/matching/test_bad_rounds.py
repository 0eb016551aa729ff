"""What nobody can match, asked for through the API: each ends with how many, why, and what would change it."""

from typing import Any

import pytest

from shared.events.directory import PersonChanged
from tests.matching.conftest import Caller, World
from tests.matching.world import RUST, learner, person, programme, teacher

OWNER = "programme-owner"
NIGHT: dict[str, Any] = {"time_zone": "Pacific/Auckland"}


async def copies(world: World) -> None:
    """Two thousand times whoever there is."""
    await world.execute(
        "INSERT INTO people SELECT (json_populate_record(person, json_build_object('person_id', gen_random_uuid()))).*"
        " FROM people AS person, generate_series(1, 1999)"
    )


async def outcome(world: World, call: Caller, *people: PersonChanged, format_: str = "mentoring") -> dict[str, Any]:
    found = programme(format_, skills=(RUST,) if format_ == "mentoring" else ())
    await world.hear(found)
    await world.hear(*people)
    answer = await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(found.programme_id)})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert (body["matches"], body["matched"] + body["unmatched"]) == (0, body["asked"])
    left = (await call("GET", f"/v1/rounds/{body['round_id']}/unmatched", OWNER)).json()["items"]
    assert len(left) == body["unmatched"]
    assert all(one["text"] for one in left)
    return body


@pytest.mark.parametrize(
    ("guides", "reason", "change"),
    [
        ([teacher(level=1)], "level_too_low", "one_level_less"),
        ([teacher(capacity=0)], "capacity_full", "more_capacity"),
        ([teacher(time_budget_minutes=0)], "not_available", None),
        ([person()], "nobody_offers_it", "find_teacher"),
        ([teacher(**NIGHT)], "too_few_common_hours", "other_hours"),
        ([teacher(languages=("fi",))], "no_common_language", "another_language"),
        ([teacher(opted_in=False)], "not_available", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_impossibility_says_why_and_what_would_help(
    world: World, call: Caller, guides: list[PersonChanged], reason: str, change: str | None
) -> None:
    body = await outcome(world, call, learner(), learner(), *guides)
    assert body["unmatched_by_reason"] == {reason: 2}
    assert [one["code"] for one in body["report"]["changes"]] == ([change] if change else [])


async def test_everyone_in_one_reporting_line_forms_no_circle(world: World, call: Caller) -> None:
    line = [person()]
    for _ in range(6):
        line.append(person(manager_id=line[-1].person_id))
    body = await outcome(world, call, *line, format_="mentoring_circle")
    assert body["unmatched_by_reason"] == {"reporting_line": 7}


async def test_thousands_who_want_one_skill_of_nobody_are_all_told(world: World, call: Caller) -> None:
    one, found = learner(), programme()
    await world.hear(found)
    await world.hear(one)
    await copies(world)
    answer = await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(found.programme_id), "dry_run": True})
    body = answer.json()
    assert body["unmatched_by_reason"] == {"nobody_offers_it": 2000}
    assert body["report"]["changes"] == [{"code": "find_teacher", "detail": None, "people": 2000}]
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
