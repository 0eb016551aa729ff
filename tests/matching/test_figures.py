"""Figures of a round: evenness, and parity that never tells of a few people."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.matching.engine.figures import gini
from services.matching.engine.parity import FEWEST, OTHERS, parity, shown, tenure
from tests.matching.conftest import Caller, World
from tests.matching.test_upkeep import changed
from tests.matching.world import engine_person, learner, programme, teacher

TALLIES = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12)), max_size=8).map(
    lambda found: [(f"g{place}", asked, min(asked, matched)) for place, (asked, matched) in enumerate(found)]
)


@given(TALLIES)
def test_no_group_of_a_few_is_told_and_none_can_be_worked_out(tallies: list[tuple[str, int, int]]) -> None:
    groups = shown(tallies)
    assert all(group["asked"] >= FEWEST for group in groups)
    asked, matched = sum(asked for _, asked, _ in tallies), sum(matched for *_, matched in tallies)
    hidden = asked - sum(group["asked"] for group in groups)
    assert hidden == 0 or asked < FEWEST
    named = {name: (asked, matched) for name, asked, matched in tallies}
    assert all(
        named[group["group"]] == (group["asked"], group["matched"]) for group in groups if group["group"] != OTHERS
    )
    if [group["group"] for group in groups] == [OTHERS]:
        assert (groups[0]["asked"], groups[0]["matched"]) == (asked, matched), "what is said of the round as a whole"
        return
    sides = [side for group in groups for side in (group["matched"], group["asked"] - group["matched"])]
    assert all(side == 0 or side >= FEWEST for side in sides), "whoever is matched, or not, is one of some"


def test_whom_one_alone_is_left_out_of_is_not_told() -> None:
    told = shown([("BER", 40, 40), ("OSL", 30, 29), ("ROM", 20, 14)])
    assert told == [
        {"group": "BER", "asked": 40, "matched": 40, "rate": 1.0},
        {"group": OTHERS, "asked": 50, "matched": 43, "rate": 0.86},
    ]
    assert [group["group"] for group in shown([("BER", 40, 40), ("OSL", 30, 29)])] == [OTHERS]


def test_evenness_counts_those_who_carry_nothing() -> None:
    assert gini([2, 2, 2]) == 0.0
    assert gini([0, 0, 0, 4]) == 0.75
    assert gini([]) is None
    assert gini([0, 0]) is None


def test_the_ratio_is_the_lowest_share_by_the_highest() -> None:
    people = [engine_person(UUID(int=n + 1), site="OSL" if n < 10 else "BER", tenure_days=100) for n in range(20)]
    left = frozenset(one.id for one in people[:5])
    found = parity((tenure(one), one.site, one.function, one.id not in left) for one in people)
    assert found["site"]["ratio"] == 0.5
    assert {group["group"]: group["rate"] for group in found["site"]["groups"]} == {"BER": 1.0, "OSL": 0.5}
    assert found["tenure"] == {
        "groups": [{"group": "under_1_year", "asked": 20, "matched": 15, "rate": 0.75}],
        "ratio": None,
    }


async def test_the_report_is_for_analysts_and_owners(world: World, call: Caller) -> None:
    mentoring = programme()
    await world.hear(mentoring)
    await world.hear(*(learner(site_code="OSL") for _ in range(6)), *(learner() for _ in range(3)), teacher(capacity=9))
    body = {"programme_id": str(mentoring.programme_id), "dry_run": True}
    found = (await call("POST", "/v1/rounds", "programme-owner", json=body)).json()
    path = f"/v1/rounds/{found['round_id']}/parity"
    assert (await call("GET", path, "employee")).status_code == 403
    report = (await call("GET", path, "analyst")).json()
    assert report["fewest"] == FEWEST
    assert [group["group"] for group in report["site"]["groups"]] == [OTHERS]


async def test_what_came_of_a_preview_is_weighed_as_the_preview_was(world: World, call: Caller) -> None:
    """P11."""
    mentoring = programme()
    skills = [f"skill/{n}" for n in range(4)]
    learners = [learner(skill=skill) for skill in skills]
    far: dict[str, Any] = {"unit_code": "U2", "site_code": "OSL"}
    places: tuple[dict[str, Any], ...] = ({}, {"unit_code": "U2"}, far, far)
    guides = [teacher(skill=skill, **place) for skill, place in zip(skills, places, strict=True)]
    await world.hear(mentoring)
    await world.hear(*learners, *guides)
    body = {"programme_id": str(mentoring.programme_id), "dry_run": True}
    preview = (await call("POST", "/v1/rounds", "programme-owner", json=body)).json()
    await world.hear(changed(learners[3], status="left"))
    path = f"/v1/rounds/{preview['round_id']}/publish"
    figures = (await call("POST", path, "programme-owner")).json()["figures"]
    shares = ("coverage", "cross_unit_share", "cross_site_share", "load_gini", "most_loaded", "idle")
    assert [preview["figures"][share] for share in shares] == [1.0, 0.75, 0.5, 0.0, 1, 0]
    assert [figures[share] for share in shares] == [0.75, 0.6667, 0.3333, 0.25, 1, 1]
