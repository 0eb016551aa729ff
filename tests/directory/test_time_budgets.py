"""C14: the time budget is agreed with the manager; and people are found by country and by what they went through."""

from typing import Any

import httpx
import pytest

from shared.db import Database
from tests.directory.hr import latest, person_id, tell, worker
from tests.fixtures.issuer import Issuer


@pytest.fixture
async def people(api_db: Database) -> dict[str, str]:
    """A reports to M; S does not."""
    async with api_db.transaction() as conn:
        await tell(conn, worker("M"), worker("A", "M"), worker("S", country="FR"))
        return {number: await person_id(conn, number) for number in "MAS"}


async def test_what_is_agreed_is_the_most_and_only_the_manager_agrees(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    """C14."""
    where = f"/v1/people/{people['A']}/time-budget"

    def as_(number: str) -> dict[str, str]:
        return issuer.bearer("employee", person_id=people[number])

    async def budget() -> int:
        async with api_db.acquire() as conn:
            return (await latest(conn, "A")).time_budget_minutes

    async def wish(minutes: int | None) -> None:
        async with api_db.acquire() as conn:
            tag = {"If-Match": f'"v{(await latest(conn, "A")).version}"'}
        body = {"time_budget_minutes": minutes}
        answer = await api.patch(f"/v1/people/{people['A']}/profile", json=body, headers=as_("A") | tag)
        assert answer.status_code == 200, answer.text

    assert (await api.get(where, headers=as_("A"))).json()["minutes"] == 240
    for stranger in "AS":
        assert (await api.put(where, json={"minutes": 900}, headers=as_(stranger))).status_code == 404
    assert (await api.get(where, headers=as_("S"))).status_code == 404
    assert await budget() == 240
    agreed = await api.put(where, json={"minutes": 300}, headers=as_("M"))
    assert (agreed.status_code, agreed.json()["minutes"], await budget()) == (200, 300, 300)
    for own, counts in ((500, 300), (100, 100), (None, 300)):
        await wish(own)
        assert await budget() == counts
    await wish(500)
    shown: dict[str, Any] = (await api.get(where, headers=as_("M"))).json()
    assert (shown["minutes"], shown["own_minutes"], shown["agreed_minutes"]) == (300, 500, 300)
    assert (await api.put(where, json={"minutes": -1}, headers=as_("M"))).status_code == 422
    sneaked = {"agreed_minutes": 5000}
    tag = {"If-Match": "*"}
    forged = await api.patch(f"/v1/people/{people['A']}/profile", json=sneaked, headers=as_("A") | tag)
    assert (forged.status_code, "agreed_minutes" in forged.text) == (422, True)
    assert (await api.delete(where, headers=as_("M"))).status_code == 204
    assert await budget() == 500


async def test_people_are_found_by_country_and_by_what_they_have_been_through(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    """P1."""
    me = issuer.bearer("employee", person_id=people["A"])
    edit = {"experience": ["new country"]}
    answer = await api.patch(f"/v1/people/{people['A']}/profile", json=edit, headers=me | {"If-Match": '"v1"'})
    assert answer.status_code == 200, answer.text

    async def found(**params: str) -> set[str]:
        items = (await api.get("/v1/people", params=params, headers=me)).json()["items"]
        return {item["person_id"] for item in items}

    assert await found(country="FR") == {people["S"]}
    assert await found(country="DE") == {people["A"], people["M"]}
    assert await found(experience="new country") == {people["A"]}
    assert await found(experience="new country", country="FR") == set()
    assert (await api.get("/v1/people", params={"country": "France"}, headers=me)).status_code == 422
