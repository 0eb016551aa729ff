"""Reading people and changing what they say of themselves, over HTTP."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import BaseModel

from services.directory.api.people import Card, Person
from shared.db import Database
from tests.directory.hr import LATER, latest, person_id, reasons, tell, unit, worker
from tests.fixtures.issuer import Issuer

CARD = {"person_id", "display_name", "unit_code", "site_code", "region", "job_title", "status", "offers"}
HUMANS = ("employee", "manager", "facilitator", "analyst", "programme-owner")
DECOMPOSED = "I\u0302le-de-France"
TEACH = {"skill_id": "s:teach", "level": 4}


@pytest.fixture(autouse=True)
async def people(api_db: Database) -> dict[str, str]:
    """Ada (A), who reports to Mo (M); Pam in Paris is in a sub-unit and on leave."""
    async with api_db.transaction() as conn:
        await tell(conn, unit("ROOT"), unit("U", "ROOT"), unit("V", "U"))
        await tell(
            conn,
            worker("A", "M", family_name="Abel", skills=[TEACH]),
            worker("M", family_name="Mose", job_level=5),
            worker("P", "A", family_name="Pope", unit_code="V", site_code="PAR", region=DECOMPOSED, status="leave"),
        )
        return {number: await person_id(conn, number) for number in "AMP"}


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["display_name"][4:] for item in answer.json()["items"]]


async def edit(
    api: httpx.AsyncClient, who: str, body: dict[str, Any], headers: dict[str, str], version: int | None = 1
) -> httpx.Response:
    match = {} if version is None else {"If-Match": f'"v{version}"'}
    return await api.patch(f"/v1/people/{who}/profile", json=body, headers={**headers, **match})


FOUND: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["Abel", "Mose", "Pope"]),
    ({"unit": "ROOT"}, ["Abel", "Mose", "Pope"]),
    ({"unit": "V"}, ["Pope"]),
    ({"site": "PAR"}, ["Pope"]),
    ({"region": "Île-de-France"}, ["Pope"]),
    ({"region": DECOMPOSED}, ["Pope"]),
    ({"region": "EMEA"}, []),
    ({"status": "leave"}, ["Pope"]),
    ({"skill": "s:teach"}, ["Abel"]),
    ({"skill": "s:tea"}, []),
    ({"employee_number": "M"}, ["Mose"]),
    ({"unit": "ROOT", "site": "BER"}, ["Abel", "Mose"]),
]


async def test_people_are_found_by_what_they_have_in_common(api: httpx.AsyncClient, issuer: Issuer) -> None:
    """P1."""
    for filters, expected in FOUND:
        assert names(await api.get("/v1/people", params=filters, headers=issuer.bearer("employee"))) == expected


async def test_pages_follow_each_other_without_a_gap(api: httpx.AsyncClient, issuer: Issuer) -> None:
    first = await api.get("/v1/people?limit=2", headers=issuer.bearer("analyst"))
    assert names(first) == ["Abel", "Mose"]
    second = await api.get(first.links["next"]["url"], headers=issuer.bearer("analyst"))
    assert (names(second), second.json()["next"]) == (["Pope"], None)


async def test_a_filter_that_makes_no_sense_is_named(api: httpx.AsyncClient, issuer: Issuer) -> None:
    for query in ("status=asleep", "limit=0", "limit=101", "cursor=x", "unit=", "region=%00", "unit=a%00"):
        answer = await api.get(f"/v1/people?{query}", headers=issuer.bearer("employee"))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


async def test_colleagues_see_a_card(api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]) -> None:
    for role in (*HUMANS, "operator"):
        headers = issuer.bearer(role, person_id=people["M"])
        assert set((await api.get(f"/v1/people/{people['A']}", headers=headers)).json()) == CARD
        answer = await api.get("/v1/people", headers=headers)
        shown = {item["person_id"]: set(item) for item in answer.json()["items"]}
        assert shown[people["A"]] == CARD
        assert shown[people["M"]] > CARD


async def test_administrators_and_hr_see_everything(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    for role in ("admin", "hr-system"):
        answer = await api.get(f"/v1/people/{people['A']}", headers=issuer.bearer(role, person_id=...))
        assert answer.json()["manager_id"] == people["M"]
        assert answer.json()["email"] == "A@aurora.example"
        assert answer.headers["etag"].startswith('"v1-')


async def test_somebody_nobody_knows_is_not_found(api: httpx.AsyncClient, issuer: Issuer) -> None:
    assert (await api.get(f"/v1/people/{uuid4()}", headers=issuer.bearer("admin"))).status_code == 404


async def test_what_one_says_of_oneself_wins_over_hr_for_good(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    """R7, C25."""
    me = issuer.bearer("employee", person_id=people["A"])
    own = {"offers": [{"skill_id": "s:own", "level": 5}], "work_starts": 480, "not_with": [people["P"]]}
    answer = await edit(api, people["A"], own, me)
    assert answer.status_code == 200, answer.text
    assert (answer.headers["etag"], answer.json()["offers"]) == ('"v2"', own["offers"])
    async with api_db.transaction() as conn:
        await tell(conn, worker("A", "M", seq=2, skills=[{"skill_id": "s:new", "level": 5, "target_level": 5}]))
        told = await latest(conn, "A")
        assert [offer.skill_id for offer in told.offers] == ["s:own"]
        assert (told.work_starts, [str(one) for one in told.not_with]) == (480, [people["P"]])
        assert [one.skill_id for one in told.proficiencies] == ["s:new", "s:own"]
        assert await reasons(conn, "A") == [("hired",), ("profile_changed",), ("profile_changed",)]
    answer = await edit(api, people["A"], {"offers": None}, me, 3)
    assert [offer["skill_id"] for offer in answer.json()["offers"]] == ["s:new"]
    assert answer.json()["work_starts"] == 480


async def test_an_edit_that_changes_nothing_has_no_new_version(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    answer = await edit(api, people["A"], {"capacity": 2}, issuer.bearer("employee", person_id=people["A"]))
    assert answer.headers["etag"] == '"v1"'


async def test_who_has_seen_a_person_is_told_of_everything_that_has_changed_since(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    """Title and address are no news to other services, and to whoever reads the person again."""
    admin, path = issuer.bearer("admin"), f"/v1/people/{people['P']}"
    seen = (await api.get(path, headers=admin)).headers["etag"]
    assert (await api.get(path, headers={**admin, "If-None-Match": seen})).status_code == 304
    for seq, changed in enumerate(({"job_title": "Chief"}, {"work_email": "p@other.example"}), 2):
        async with api_db.transaction() as conn:
            await tell(
                conn,
                worker(
                    "P",
                    "A",
                    family_name="Pope",
                    unit_code="V",
                    site_code="PAR",
                    region="Île-de-France",
                    status="leave",
                    seq=seq,
                    **changed,
                ),
            )
        again = await api.get(path, headers={**admin, "If-None-Match": seen})
        assert (again.status_code, again.json()["version"]) == (200, 1)
        seen = again.headers["etag"]
    assert (
        await api.patch(f"{path}/profile", json={"capacity": 3}, headers={**admin, "If-Match": seen})
    ).status_code == 200


async def test_an_edit_must_know_the_version(api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]) -> None:
    me = issuer.bearer("employee", person_id=people["A"])
    assert (await edit(api, people["A"], {"capacity": 3}, me, None)).status_code == 428
    assert (await edit(api, people["A"], {"capacity": 3}, me, 1)).status_code == 200
    stale = await edit(api, people["A"], {"capacity": 4}, me, 1)
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)


async def test_the_same_key_twice_is_one_edit(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    me = {**issuer.bearer("employee", person_id=people["A"]), "Idempotency-Key": "k1"}
    first = await edit(api, people["A"], {"capacity": 3}, me)
    again = await edit(api, people["A"], {"capacity": 3}, me)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert (await edit(api, people["A"], {"capacity": 4}, me)).status_code == 422
    async with api_db.acquire() as conn:
        assert len(await reasons(conn, "A")) == 2


async def test_somebody_elses_profile_is_not_found_and_administrators_may(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    for role in HUMANS:
        boss = issuer.bearer(role, person_id=people["M"])
        assert (await edit(api, people["A"], {"capacity": 3}, boss)).status_code == 404
    admin = issuer.bearer("admin", person_id=...)
    assert (await edit(api, people["A"], {"capacity": 3}, admin)).status_code == 200
    assert (await edit(api, str(uuid4()), {"capacity": 3}, admin)).status_code == 404


async def test_machines_have_no_profile_to_edit(api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]) -> None:
    for role in ("hr-system", "operator"):
        machine = issuer.bearer(role, person_id=people["A"])
        assert (await edit(api, people["A"], {"capacity": 3}, machine)).status_code == 403


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"salary": 1}, "salary"),
    ({"capacity": 51}, "capacity"),
    ({"capacity": -1}, "capacity"),
    ({"offers": [{"skill_id": "s", "level": 6}]}, "offers.0.level"),
    ({"offers": [TEACH, TEACH]}, "offers"),
    ({"needs": [{"skill_id": "s", "level": 3, "target_level": 3}]}, "needs"),
    ({"work_starts": 1020}, "work_ends"),
    ({"work_days": []}, "work_days"),
    ({"work_days": [8]}, "work_days.0"),
    ({"work_days": [1, 1]}, "work_days"),
    ({"languages": ["German"]}, "languages.0"),
    ({"time_budget_minutes": 10**6}, "time_budget_minutes"),
    ({"paused_until": "soon"}, "paused_until"),
    ({"not_with": [str(uuid4())]}, "not_with"),
]


async def test_an_impossible_profile_is_refused_by_name(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    me = issuer.bearer("employee", person_id=people["A"])
    for body, field in [*IMPOSSIBLE, ({"not_with": [people["A"]]}, "not_with")]:
        answer = await edit(api, people["A"], body, me)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    async with api_db.acquire() as conn:
        assert len(await reasons(conn, "A")) == 1


async def test_units_are_listed_and_read_with_their_head(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    async with api_db.transaction() as conn:
        await tell(conn, unit("U", "ROOT", seq=2, head_employee_number="M"))
    headers = issuer.bearer("employee")
    listed = await api.get("/v1/units?limit=2", headers=headers)
    assert [item["code"] for item in listed.json()["items"]] == ["ROOT", "U"]
    rest = await api.get(listed.links["next"]["url"], headers=headers)
    assert [item["path"] for item in rest.json()["items"]] == [["ROOT", "U", "V"]]
    assert (await api.get("/v1/units/U", headers=headers)).json()["head_id"] == people["M"]
    assert (await api.get("/v1/units/NOWHERE", headers=headers)).status_code == 404


@pytest.mark.parametrize("role", ["employee", "admin"])
async def test_what_is_read_straight_from_the_row_is_the_declared_model_and_nothing_else(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str], role: str
) -> None:
    """Everybody's own and everybody else's, one by one and in a list: the whole model and no more."""
    me = people["A"]
    headers = issuer.bearer(role, person_id=me)
    listed = (await api.get("/v1/people", headers=headers)).json()["items"]
    assert {one["person_id"] for one in listed} == set(people.values())
    for shown in listed:
        model: type[BaseModel] = Person if role == "admin" or shown["person_id"] == me else Card
        assert list(shown) == list(model.model_fields)
        assert json.loads(model.model_validate(shown).model_dump_json()) == shown
        alone = await api.get(f"/v1/people/{shown['person_id']}", headers=headers)
        assert alone.json() == shown
        told = alone.headers.get("etag")
        assert told.startswith(f'"v{shown["version"]}-') if model is Person else told is None
        assert (shown.get("not_with") is not None) == (shown["person_id"] == me)


SAID: dict[str, Any] = {
    "languages": ["en", "fr"],
    "work_ends": 1000,
    "time_budget_minutes": 90,
    "paused_until": str(LATER),
    "opted_in": False,
    "facilitator_ready": False,
    "formats": ["pair", "circle"],
    "modalities": ["remote", "hybrid"],
    "time_of_day": "morning",
    "group_size_min": 3,
    "group_size_max": 6,
    "experience": ["new country", "reorganization"],
}


async def test_all_one_says_of_oneself_is_read_back_and_published_and_given_back(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    ada = issuer.bearer("employee", person_id=people["A"])
    before = (await api.get(f"/v1/people/{people['A']}", headers=ada)).json()
    answer = await edit(api, people["A"], SAID, ada)
    assert answer.status_code == 200, answer.text
    for shown in (answer.json(), (await api.get(f"/v1/people/{people['A']}", headers=ada)).json()):
        assert {name: shown[name] for name in SAID} == SAID
        assert not [name for name, value in SAID.items() if before[name] == value]
    async with api_db.acquire() as conn:
        told = (await latest(conn, "A")).model_dump(mode="json", by_alias=False)
    assert {name: told[name] for name in SAID} == SAID
    answer = await edit(api, people["A"], dict.fromkeys(SAID), ada, told["version"])
    assert {name: answer.json()[name] for name in SAID} == {name: before[name] for name in SAID}


async def test_only_the_organizations_own_tags_of_experience_are_taken(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    """P1, P9: what could tell of a protected attribute cannot be said."""
    ada = issuer.bearer("employee", person_id=people["A"])
    listed = (await api.get("/v1/experiences", headers=ada)).json()["items"]
    assert listed == sorted(listed)
    for said in (["new religion"], [*listed[:1], "New Country"], [""], "merger"):
        answer = await edit(api, people["A"], {"experience": said}, ada)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"].startswith("experience")
    answer = await edit(api, people["A"], {"experience": [listed[1], listed[0], listed[1]]}, ada)
    assert answer.json()["experience"] == listed[:2]
