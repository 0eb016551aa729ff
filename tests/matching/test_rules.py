"""Rules as data: versions, ranges, contradictions, what others would have made of a round, and what is never asked."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.matching.api.rules import LIMIT
from services.matching.commands.projections import PERSON_FIELDS
from services.matching.domain.rules import RANGES, READERS
from services.matching.engine.people import Person
from services.matching.engine.rules import WEIGHTS, Rules
from tests.matching.conftest import Caller, World
from tests.matching.test_lifecycle import later
from tests.matching.world import learner, person, programme, teacher

OWNER = "programme-owner"


async def a_programme(world: World, format_: str = "mentoring") -> str:
    mentoring = programme(format_)
    await world.hear(mentoring)
    return f"/v1/programmes/{mentoring.programme_id}/rules"


async def test_a_change_is_a_new_version_from_the_next_round_on(world: World, call: Caller) -> None:
    """P7."""
    path = await a_programme(world)
    first = await call("GET", path, OWNER)
    assert (first.json()["version"], first.json()["changed_by"]) == (1, None)
    assert Rules.parse(first.json()["rules"]) == Rules()
    change: dict[str, Any] = {"margin": 2, "weights": {"cross_unit": 40}}
    assert (await call("PATCH", path, OWNER, json=change)).status_code == 428
    second = await call("PATCH", path, OWNER, json=change, headers={"If-Match": first.headers["ETag"]})
    assert (second.status_code, second.json()["version"], second.headers["ETag"]) == (200, 2, '"v2"')
    assert second.json()["changed_by"]
    assert (second.json()["rules"]["margin"], second.json()["rules"]["weights"]["cross_unit"]) == (2, 40)
    assert second.json()["rules"]["weights"]["need_met"] == WEIGHTS["need_met"]
    assert (await call("PATCH", path, OWNER, json=change, headers={"If-Match": '"v1"'})).status_code == 412
    same = await call("PATCH", path, OWNER, json=change, headers={"If-Match": '"v2"'})
    assert same.json()["version"] == 2
    versions = (await call("GET", f"{path}/versions?limit=1", OWNER)).json()
    assert [one["version"] for one in versions["items"]] == [2]
    older = (await call("GET", f"{path}/versions?cursor={versions['next']}", OWNER)).json()
    assert [one["version"] for one in older["items"]] == [1]
    programme_id = path.split("/")[3]
    round_ = await call("POST", "/v1/rounds", OWNER, json={"programme_id": programme_id})
    assert round_.json()["rules_version"] == 2


@pytest.mark.parametrize(
    ("format_", "change", "field"),
    [
        ("mentoring", {"margin": 9}, "margin"),
        ("mentoring", {"margin": "2"}, "margin"),
        ("mentoring", {"weights": {"need_met": -1}}, "weights.need_met"),
        ("mentoring", {"weights": {"gender": 5}}, "weights.gender"),
        ("mentoring", {"age_gap": 5}, "age_gap"),
        ("mentoring", {"levels": "mixed"}, "rules.levels"),
        ("mentoring", {"min_functions": 2}, "rules.min_functions"),
        ("mentoring", {"exchange": True, "margin": 0}, "rules.margin"),
        ("mentoring_circle", {"exchange": True}, "rules.exchange"),
        ("mentoring_circle", {"min_functions": 9}, "rules.min_functions"),
        ("mentoring_circle", {"levels": "sorted"}, "levels"),
        ("problem_solving", {"min_functions": 1}, "rules.min_functions"),
        ("mentoring_circle", {"rest_days": 90}, "rules.rest_days"),
        ("mentoring_circle", {"weights": {"same_site": 40}}, "rules.weights.same_site"),
        ("onboarding_buddy", {"weights": {"newcomer": 40, "waited": 40}}, "rules.weights.newcomer"),
        ("mentoring", {"weights": {"need_met": 0}}, "rules.weights.need_met"),
        ("onboarding_buddy", {"weights": {"experienced": 0}}, "rules.weights.experienced"),
    ],
)
async def test_impossible_rules_are_refused_by_name(
    world: World, call: Caller, format_: str, change: dict[str, Any], field: str
) -> None:
    path = await a_programme(world, format_)
    answer = await call("PATCH", path, OWNER, json=change, headers={"If-Match": '"v1"'})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    tried = await call("POST", f"{path}/simulations", OWNER, json={"rules": change})
    assert tried.status_code == 422
    assert (await call("GET", path, OWNER)).json()["version"] == 1


async def test_all_that_there_is_may_be_sent_back_with_what_is_changed(world: World, call: Caller) -> None:
    path = await a_programme(world, "mentoring_circle")
    rules = (await call("GET", path, OWNER)).json()["rules"]
    change = rules | {"common_half_hours": rules["common_half_hours"] + 1}
    answer = await call("PATCH", path, OWNER, json=change, headers={"If-Match": '"v1"'})
    assert (answer.status_code, answer.json()["version"]) == (200, 2)


async def test_what_a_format_is_for_holds_whatever_it_was_drafted_as(world: World, call: Caller) -> None:
    """F5."""
    draft = programme("study_group", status="draft")
    await world.hear(draft)
    solving = later(draft, format="problem_solving", status="published", group_size_min=4, group_size_max=4)
    await world.hear(solving)
    await world.hear(person(facilitator_ready=True, capacity=0), *(person() for _ in range(4)))
    path = f"/v1/programmes/{draft.programme_id}/rules"
    assert (await call("GET", path, OWNER)).json()["rules"]["min_functions"] == 2
    found = (await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(draft.programme_id)})).json()
    assert (found["asked"], found["matched"]) == (5, 0)
    replay = (await call("POST", f"/v1/rounds/{found['round_id']}/replay", OWNER)).json()
    assert (replay["same_input"], replay["same_output"]) == (True, True)
    await world.hear(person(job_function="sales"))
    again = (await call("POST", "/v1/rounds", OWNER, json={"programme_id": str(draft.programme_id)})).json()
    assert again["matched"] == 5, "four and who leads them"


async def test_rules_of_nothing_known_are_nowhere(call: Caller) -> None:
    path = f"/v1/programmes/{uuid4()}/rules"
    assert (await call("GET", path, OWNER)).status_code == 404
    assert (await call("GET", f"{path}/versions", OWNER)).status_code == 404
    assert (await call("PATCH", path, OWNER, json={}, headers={"If-Match": '"v1"'})).status_code == 404
    assert (await call("POST", f"{path}/simulations", OWNER, json={"rules": {}})).status_code == 404


async def test_a_simulation_shows_what_would_have_been_and_changes_nothing(world: World, call: Caller) -> None:
    path = await a_programme(world)
    early = await call("POST", f"{path}/simulations", OWNER, json={"rules": {"margin": 3}})
    assert (early.status_code, early.json()["type"]) == (409, "/problems/round-not-kept")
    await world.hear(learner(level=0), learner(level=2), teacher(level=4, capacity=3))
    round_ = (await call("POST", "/v1/rounds", OWNER, json={"programme_id": path.split("/")[3], "seed": 1})).json()
    assert (round_["matched"], round_["unmatched"]) == (2, 0)
    told = len(await world.fetch("SELECT FROM outbox"))
    tried = (await call("POST", f"{path}/simulations", OWNER, json={"rules": {"margin": 3}})).json()
    assert tried["before"]["round_id"] == tried["round_id"] == round_["round_id"]
    assert (tried["after"]["matched"], tried["after"]["unmatched_by_reason"]) == (1, {"level_too_low": 1})
    (why,) = tried["after"]["report"]["unmatched"]
    assert why == {"code": "level_too_low", "people": 1, "text": "Those who offer it are not far enough ahead."}
    assert (tried["newly_matched"], tried["no_longer_matched"], tried["same_matches"]) == (0, 1, 1)
    same = (await call("POST", f"{path}/simulations", OWNER, json={"rules": {}})).json()
    assert (same["no_longer_matched"], same["same_matches"], same["after"]["value"]) == (0, 2, round_["value"])
    assert len(await world.fetch("SELECT FROM rounds")) == 1
    assert len(await world.fetch("SELECT FROM outbox")) == told
    other = await a_programme(world)
    wrong = await call("POST", f"{other}/simulations", OWNER, json={"rules": {}, "round_id": round_["round_id"]})
    assert wrong.status_code == 404


async def test_the_heaviest_weights_still_add_up(world: World, call: Caller) -> None:
    path = await a_programme(world)
    heavy = {"weights": {name: 1000 for name in WEIGHTS if "pair" in READERS.get(name, ("pair",))}}
    assert (await call("PATCH", path, OWNER, json=heavy, headers={"If-Match": '"v1"'})).status_code == 200
    await world.hear(*(learner() for _ in range(9)), *(teacher() for _ in range(6)))
    round_ = (await call("POST", "/v1/rounds", OWNER, json={"programme_id": path.split("/")[3]})).json()
    assert round_["matched"] == 9
    found = (await call("GET", f"/v1/matches?round_id={round_['round_id']}", OWNER)).json()["items"]
    assert round_["value"] == sum(match["score"] for match in found) <= round_["bound"]


def test_every_number_of_the_rules_has_a_range_around_its_default() -> None:
    numbers = {name: value for name, value in Rules().stored().items() if type(value) is int}
    assert numbers.keys() == RANGES.keys() == LIMIT.keys()
    assert all(RANGES[name][0] <= value <= RANGES[name][1] for name, value in numbers.items())


def test_what_matching_may_look_at_is_this_and_nothing_else() -> None:
    """P10: Protected attributes are never features: whoever adds one to these lists has to change this test."""
    assert set(Person._fields) == {
        *("id", "available", "manager", "unit", "division", "site", "function", "level", "tenure_days", "starts"),
        *("ends", "utc_offset", "days", "languages", "offers", "needs", "slots", "load", "facilitator_ready"),
        *("facilitating", "waited", "not_with", "places", "hosted", "agreed_minutes", "keen", "company"),
        "new_host",
        "likes",
        "experience",  # of the organization's own list, about work
    }
    protected = {"gender", "sex", "age", "birth", "ethnic", "race", "nationality", "religion", "disab", "orientation"}
    names = {*Person._fields, *PERSON_FIELDS, *WEIGHTS, *Rules().stored()}
    told = {part for name in names for part in name.split("_")}
    assert not {word for word in told for root in protected if word.startswith(root)}
    assert isinstance(learner().person_id, UUID)
