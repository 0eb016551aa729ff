from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.domain.advice import advise
from services.sessions.domain.catalogue import ALL, FORMATS
from services.sessions.domain.formats import Formality, Need
from services.sessions.domain.playbooks import LONGEST_STEP, MOST_STEPS, STEPS
from tests.sessions.conftest import PROGRAMME, World
from tests.sessions.events import circle

NEEDS = get_args(Need)


def test_there_are_twenty_six_formats_each_with_a_playbook_and_a_use() -> None:
    """C4."""
    assert len(FORMATS) == len(ALL) == 26
    assert set(STEPS) == set(FORMATS)
    for shape in ALL:
        assert 0 < len(STEPS[shape.name]) <= MOST_STEPS
        assert all(0 < len(step) <= LONGEST_STEP for step in STEPS[shape.name])
        assert shape.serves
        assert set(shape.counts) <= set(shape.session_roles)
        assert sum(least for least, _ in shape.counts.values()) <= shape.size[1]


@given(need=st.sampled_from(NEEDS), people=st.integers(1, 200), tone=st.sampled_from([None, *get_args(Formality)]))
def test_advice_serves_the_need_fits_the_people_and_says_why(need: Need, people: int, tone: Formality | None) -> None:
    """C9."""
    found = advise(ALL, need, people, tone)
    assert [advice.format for advice in found] == [
        advice.format for advice in sorted(found, key=lambda advice: (-advice.score, advice.format))
    ]
    for advice in found:
        shape = FORMATS[advice.format]
        assert need in shape.serves
        assert (advice.groups - 1) * shape.size[1] < people <= advice.groups * shape.size[1]
        assert people >= shape.size[0]
        assert len(advice.reasons) == (2 if tone is None else 3)
    assert {advice.format for advice in found} == {
        shape.name for shape in ALL if need in shape.serves and people >= shape.size[0]
    }


async def test_the_advisor_tells_a_challenge_from_a_career(world: World) -> None:
    """R9, C9."""
    path = "/v1/method-advice?need={}&people=6&formality=medium"
    first = (await world.call("GET", path.format("solve_a_challenge"))).json()["items"][0]
    assert first["format"] == "problem_solving"
    assert any("6 people fit" in reason for reason in first["reasons"])
    assert (await world.call("GET", path.format("grow_a_career"))).json()["items"][0]["format"] == "mentoring_circle"
    wrong = await world.call("GET", "/v1/method-advice?need=fun&people=6")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "need")


@pytest.mark.parametrize("need", NEEDS)
async def test_too_few_people_for_any_format_are_told_how_many_it_takes(need: Need, world: World) -> None:
    least = min(shape.size[0] for shape in ALL if need in shape.serves)
    path = f"/v1/method-advice?need={need}&people="
    few = await world.call("GET", f"{path}{least - 1}")
    assert (few.status_code, few.json()["errors"][0]["field"]) == (422, "people")
    assert f"takes {least} or more" in few.json()["errors"][0]["message"]
    assert (await world.call("GET", f"{path}{least}")).json()["items"]


OWN = {"name": "fishbowl", "based_on": "peer_discussion", "title": "Fishbowl", "group_size_max": 20}


async def test_an_organization_adds_a_format_of_its_own_and_runs_programmes_by_it(world: World) -> None:
    assert (await world.call("POST", "/v1/formats", OWN)).status_code == 403
    made = await world.own("POST", "/v1/formats", {**OWN, "requires": []})
    assert made.status_code == 201, made.text
    assert (made.json()["group_size_max"], made.json()["group_size_min"], made.json()["requires"]) == (20, 3, [])
    again = await world.own("POST", "/v1/formats", OWN)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/format-exists")
    names = [each["name"] for each in (await world.call("GET", "/v1/formats?limit=100")).json()["items"]]
    assert names == sorted([*FORMATS, "fishbowl"])
    programme = await world.programme(format="fishbowl")
    people = await world.people(5)
    await world.hear(circle(programme, people, None))
    sessions = (await world.own("GET", f"/v1/sessions?programme_id={programme}")).json()["items"]
    assert {(session["format"], session["capacity"]) for session in sessions} == {("fishbowl", 20)}
    file = await world.call("GET", f"/v1/sessions/{sessions[0]['session_id']}/invitation.ics", who=people[0])
    assert b"Fishbowl" in file.content


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"based_on": "lecture"}, "based_on"),
        ({"name": "Has Spaces"}, "name"),
        ({"group_size_min": 9, "group_size_max": 4}, "group_size_max"),
        ({"requires": ["luck"]}, "requires.0"),
    ],
)
async def test_a_wrong_field_of_a_format_is_named(change: dict[str, Any], field: str, world: World) -> None:
    reply = await world.own("POST", "/v1/formats", {**OWN, **change})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)


async def test_a_playbook_is_rewritten_by_version_and_older_ones_stay(world: World) -> None:
    """C10."""
    path = "/v1/formats/mentoring_circle/playbook"
    first = await world.call("GET", path)
    assert (first.json()["version"], first.headers["ETag"]) == (1, '"v1"')
    body = {"steps": ["Begin.", "End."]}
    assert (await world.own("PUT", path, body)).status_code == 428
    second = await world.own("PUT", path, body, If_Match='"v1"')
    assert (second.json()["version"], second.json()["steps"]) == (2, body["steps"])
    assert (await world.own("PUT", path, body, If_Match='"v1"')).status_code == 412
    assert (await world.call("GET", f"{path}?version=1")).json() == first.json()
    assert (await world.call("GET", path)).json()["version"] == 2
    for missing in ("/v1/formats/lecture/playbook", f"{path}?version=3"):
        assert (await world.call("GET", missing)).status_code == 404


async def test_a_series_too_long_is_refused_and_not_cut(world: World) -> None:
    body = {**PROGRAMME, "cadence_days": 1, "ends_on": "2036-01-01"}
    reply = await world.own("POST", "/v1/programmes", body)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "cadence_days")


def test_whoever_runs_a_session_prepares_for_it_and_nobody_else_does() -> None:
    shape = FORMATS["knowledge_sharing"]
    minutes = {role: shape.preparation_of(role) for role in shape.session_roles}
    assert {role for role, prepares in minutes.items() if prepares} == {"presenter", "facilitator"}
    assert minutes["presenter"] == 45
