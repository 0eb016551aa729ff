from typing import Any
from uuid import UUID

import pytest

from services.sessions.domain.catalogue import ALL, FORMATS
from tests.sessions.conftest import PROGRAMME, World


async def test_a_draft_is_published_and_told_each_time(world: World) -> None:
    programme = await world.programme()
    told = await world.told("programme.changed")
    assert [(event["programme_id"], event["version"], event["status"]) for event in told] == [
        (str(programme), 1, "draft"),
        (str(programme), 2, "published"),
    ]
    again = await world.own("POST", f"/v1/programmes/{programme}/publish")
    assert (again.status_code, again.json()["type"], again.json()["state"]) == (
        409,
        "/problems/programme-not-draft",
        "published",
    )


async def test_what_is_left_open_takes_the_formats_default(world: World) -> None:
    reply = (await world.own("POST", "/v1/programmes", {**PROGRAMME, "format": "critique_group"})).json()
    assert (reply["confidentiality"], reply["group_size_min"], reply["group_size_max"], reply["session_minutes"]) == (
        "closed",
        3,
        8,
        90,
    )
    assert reply["ground_rules"]


async def test_an_incomplete_programme_is_not_published_and_says_all_that_is_missing(world: World) -> None:
    """R8, C7, C23."""
    bare: dict[str, Any] = {"objective": None, "sponsor_id": None, "audience_units": None, "goals": []}
    programme = await world.programme(publish=False, **bare)
    reply = await world.own("POST", f"/v1/programmes/{programme}/publish")
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems/programme-incomplete")
    assert reply.json()["missing"] == ["objective", "sponsor", "audience", "goal"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"format": "lecture"}, "format"),
        ({"group_size_max": 9}, "group_size_max"),
        ({"group_size_min": 3}, "group_size_min"),
        ({"ends_on": "2020-01-01"}, "ends_on"),
        ({"starts_on": "2020-01-01"}, "starts_on"),
        ({"goals": [{"measure": "x"}]}, "goals.0.baseline"),
        ({"name": " "}, "name"),
    ],
)
async def test_a_wrong_field_is_named(change: dict[str, Any], field: str, world: World) -> None:
    reply = await world.own("POST", "/v1/programmes", {**PROGRAMME, **change})
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["field"] == field
    assert await world.told("programme.changed") == []


async def test_only_owners_and_admins_make_programmes(world: World) -> None:
    for role in ("employee", "facilitator", "manager", "analyst", "hr-system", "operator"):
        assert (await world.call("POST", "/v1/programmes", PROGRAMME, roles=(role,))).status_code == 403


async def test_drafts_are_not_for_everybody(world: World) -> None:
    draft, public = await world.programme(publish=False), await world.programme()
    listed = (await world.call("GET", "/v1/programmes")).json()["items"]
    assert [programme["programme_id"] for programme in listed] == [str(public)]
    assert (await world.call("GET", f"/v1/programmes/{draft}")).status_code == 404
    assert (await world.own("GET", f"/v1/programmes/{draft}")).headers["ETag"] == '"v1"'


async def test_programmes_are_read_page_by_page(world: World) -> None:
    made = [await world.programme() for _ in range(3)]
    seen: list[str] = []
    path: str | None = "/v1/programmes?limit=2"
    while path:
        reply = (await world.own("GET", path)).json()
        seen += [programme["programme_id"] for programme in reply["items"]]
        path = f"/v1/programmes?limit=2&cursor={reply['next']}" if reply["next"] else None
    assert [UUID(one) for one in seen] == made


async def test_a_change_needs_the_version_that_was_seen(world: World) -> None:
    programme = await world.programme(publish=False)
    path = f"/v1/programmes/{programme}"
    assert (await world.own("PATCH", path, {"name": "New"})).status_code == 428
    assert (await world.own("PATCH", path, {"name": "New"}, If_Match='"v9"')).status_code == 412
    changed = await world.own("PATCH", path, {"name": "New", "objective": None}, If_Match='"v1"')
    assert (changed.json()["name"], changed.json()["objective"], changed.headers["ETag"]) == ("New", None, '"v2"')
    same = await world.own("PATCH", path, {"name": "New"}, If_Match='"v2"')
    assert same.json()["version"] == 2
    assert len(await world.told("programme.changed")) == 2


async def test_a_null_is_refused_where_there_must_be_something(world: World) -> None:
    programme = await world.programme(publish=False)
    reply = await world.own("PATCH", f"/v1/programmes/{programme}", {"name": None}, If_Match='"v1"')
    assert [error["field"] for error in reply.json()["errors"]] == ["name"]


async def test_the_format_is_fixed_once_published(world: World) -> None:
    programme = await world.programme()
    reply = await world.own("PATCH", f"/v1/programmes/{programme}", {"format": "cohort"}, If_Match='"v2"')
    assert (reply.status_code, reply.json()["type"], reply.json()["fixed"]) == (
        409,
        "/problems/programme-fixed",
        ["format"],
    )


async def test_what_was_published_in_confidence_can_only_be_kept_closer(world: World) -> None:
    programme = await world.programme(confidentiality="chatham")
    path = f"/v1/programmes/{programme}"
    loose = await world.own("PATCH", path, {"confidentiality": "open", "name": "New"}, If_Match='"v2"')
    assert (loose.status_code, loose.json()["type"]) == (409, "/problems/programme-fixed")
    assert (loose.json()["state"], loose.json()["fixed"]) == ("published", ["confidentiality"])
    shown = (await world.own("GET", path)).json()
    assert (shown["confidentiality"], shown["name"], shown["version"]) == ("chatham", PROGRAMME["name"], 2)
    strict = await world.own("PATCH", path, {"confidentiality": "closed"}, If_Match='"v2"')
    assert (strict.status_code, strict.json()["confidentiality"]) == (200, "closed")
    back = await world.own("PATCH", path, {"confidentiality": "chatham"}, If_Match='"v3"')
    assert (back.status_code, back.json()["fixed"]) == (409, ["confidentiality"])


async def test_a_draft_may_still_be_opened(world: World) -> None:
    draft = await world.programme(publish=False, confidentiality="closed")
    reply = await world.own("PATCH", f"/v1/programmes/{draft}", {"confidentiality": "open"}, If_Match='"v1"')
    assert (reply.status_code, reply.json()["confidentiality"]) == (200, "open")


async def test_the_same_post_twice_makes_one_programme(world: World) -> None:
    replies = [await world.own("POST", "/v1/programmes", PROGRAMME, Idempotency_Key="once") for _ in range(2)]
    assert replies[0].json() == replies[1].json()
    assert len(await world.fetch("SELECT FROM programmes")) == 1


async def test_the_catalogue_of_formats_is_listed(world: World) -> None:
    """F7."""
    first = (await world.call("GET", "/v1/formats?limit=20")).json()
    rest = (await world.call("GET", f"/v1/formats?limit=20&cursor={first['next']}")).json()
    names = [shape["name"] for shape in first["items"] + rest["items"]]
    assert names == sorted(FORMATS)
    assert len(FORMATS) == len(ALL)


def test_every_format_is_sound() -> None:
    for shape in ALL:
        assert 2 <= shape.size[0] <= shape.size[1] <= 30
        assert shape.minutes >= 10
        assert {"coaching": "coaching", "mentoring": "mentoring"}.get(
            shape.name, shape.learning_model
        ) == shape.learning_model


async def test_what_is_wrong_is_said_in_plain_words(world: World) -> None:
    wrong = {"name": "Two\r\nlines", "ends_on": "9999-12-31"}
    reply = await world.own("POST", "/v1/programmes", {**PROGRAMME, **wrong})
    said = {error["field"]: error["message"] for error in reply.json()["errors"]}
    assert said == {"name": "must be one line", "ends_on": "must lie in the years 2000 to 2199"}
