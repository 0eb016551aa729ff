"""Programmes made from templates: the software's own, an organization's, each in versions."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from services.metrics.domain.measures import MEASURES
from services.sessions.domain.templates import BUILT_IN
from tests.sessions.conftest import TODAY, World

START = TODAY + timedelta(days=2)
OWN: dict[str, Any] = {
    "title": "Eight weeks",
    "purpose": "For a course that begins together.",
    "days": 56,
    "goals": [{"measure": "normalised_gain", "baseline": 0.0, "target": 0.4, "due_days": 28}],
    "fields": {"format": "study_group", "objective": "Half of us can read a balance sheet.", "group_size_max": 6},
}
PATH = "/v1/programme-templates"


async def make(world: World, name: str, **body: Any) -> Any:
    return await world.own("POST", f"{PATH}/{name}/programmes", {"name": "Spring", "starts_on": str(START), **body})


async def test_a_programme_of_every_built_in_template_can_be_published_once_it_has_a_sponsor(world: World) -> None:
    """R9, C23: what is filled in passes the publish checklist, and every goal is a measure."""
    listed = (await world.own("GET", f"{PATH}?limit=4")).json()
    rest = (await world.own("GET", f"{PATH}?cursor={listed['next']}")).json()
    names = [one["name"] for one in (*listed["items"], *rest["items"])]
    assert names == sorted(BUILT_IN)
    for name in names:
        draft = await make(world, name)
        assert draft.status_code == 201, draft.text
        programme = draft.json()
        assert (programme["status"], programme["template"], programme["template_version"]) == ("draft", name, 1)
        assert programme["ends_on"] == str(START + timedelta(days=BUILT_IN[name].days - 1))
        assert {goal["measure"] for goal in programme["goals"]} <= set(MEASURES)
        path = f"/v1/programmes/{programme['programme_id']}"
        assert (await world.own("POST", f"{path}/publish")).json()["missing"] == ["sponsor"]
        sponsored = await world.own("PATCH", path, {"sponsor_id": str(uuid4())}, if_match='"v1"')
        assert sponsored.json()["template"] == name
        assert (await world.own("POST", f"{path}/publish")).status_code == 200


async def test_what_is_said_of_the_programme_wins_over_its_template(world: World) -> None:
    """R9."""
    ends = START + timedelta(days=9)
    said = {"ends_on": str(ends), "objective": "Another one", "group_size_max": 5, "audience_units": ["sales"]}
    programme = (await make(world, "peer_circles", **said)).json()
    assert {name: programme[name] for name in said} == said
    assert {goal["due"] for goal in programme["goals"]} == {str(ends)}
    assert programme["further_formats"] == BUILT_IN["peer_circles"].fields["further_formats"]
    wrong = await make(world, "peer_circles", group_size_max=9)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "group_size_max")


async def test_an_own_template_has_versions_and_programmes_keep_theirs(world: World) -> None:
    """R9."""
    made = await world.own("POST", PATH, {"name": "eight_weeks", **OWN})
    assert (made.status_code, made.json()["version"], made.headers["etag"]) == (201, 1, '"v1"')
    first = (await make(world, "eight_weeks")).json()
    assert (first["format"], first["group_size_max"], first["template_version"]) == ("study_group", 6, 1)
    assert first["goals"][0]["due"] == str(START + timedelta(days=28))
    path = f"{PATH}/eight_weeks"
    longer = {**OWN, "days": 70}
    assert (await world.own("PUT", path, longer)).status_code == 428
    second = await world.own("PUT", path, longer, if_match='"v1"')
    assert (second.status_code, second.json()["version"]) == (200, 2)
    assert (await world.own("PUT", path, longer, if_match='"v1"')).status_code == 412
    assert (await make(world, "eight_weeks")).json()["template_version"] == 2
    old = (await make(world, "eight_weeks", version=1)).json()
    assert (old["template_version"], old["ends_on"]) == (1, str(START + timedelta(days=55)))
    assert (await world.own("GET", f"{path}?version=1")).json()["days"] == 56
    assert (await world.own("GET", f"{path}?version=3")).status_code == 404
    assert (await make(world, "nothing")).status_code == 404


async def test_a_built_in_template_is_rewritten_and_its_first_version_stays(world: World) -> None:
    """R9."""
    path = f"{PATH}/newcomers"
    taken = await world.own("POST", PATH, {"name": "newcomers", **OWN})
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/template-exists")
    assert (await world.own("PUT", path, OWN, if_match='"v1"')).json()["version"] == 2
    assert (await world.own("GET", path)).json()["title"] == OWN["title"]
    assert (await world.own("GET", f"{path}?version=1")).json()["title"] == BUILT_IN["newcomers"].title
    assert len((await world.own("GET", PATH)).json()["items"]) == len(BUILT_IN)


async def test_a_template_no_programme_could_have_is_refused_by_the_name_of_its_field(world: World) -> None:
    """R9."""
    for fields, field in (
        ({"format": "juggling"}, "format"),
        ({"format": "study_group", "group_size_max": 30}, "group_size_max"),
        ({"format": "study_group", "further_formats": ["juggling"]}, "further_formats.0"),
        ({"format": "study_group", "tenure_min_months": 9, "tenure_max_months": 3}, "tenure_max_months"),
    ):
        reply = await world.own("POST", PATH, {"name": "odd_one", **OWN, "fields": fields})
        assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, f"fields.{field}")
    assert (await world.call("POST", f"{PATH}/newcomers/programmes", {}, who=uuid4())).status_code == 403


async def test_a_templates_goal_is_one_that_metrics_counts(world: World) -> None:
    unknown = {**OWN, "goals": [{**OWN["goals"][0], "measure": "wishes"}]}
    reply = await world.own("POST", PATH, {"name": "wishes", **unknown})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "goals.0.measure")
