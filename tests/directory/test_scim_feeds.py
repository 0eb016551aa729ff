"""Event tokens as subscribers read them: of people, of groups, and of the members of one role alone (RFC 9967)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import import_key

from services.directory.commands.units import group_id
from shared.db import Database
from tests.directory.hr import person_id, tell, unit, worker
from tests.directory.test_scim import Identity, account
from tests.directory.test_scim_events import KEY, PROV, configured
from tests.fixtures.issuer import Issuer

__all__ = ["configured"]
FEED = "urn:ietf:params:scim:event:feed:"
Told = list[tuple[str, str]]


class Subscriber:
    """Polls, and acknowledges what it was told."""

    def __init__(self, api: httpx.AsyncClient, issuer: Issuer, name: str = "them") -> None:
        self._api = api
        self.headers = issuer.bearer("hr-system", sub=name)

    async def poll(self) -> list[dict[str, Any]]:
        """The claims of what is new."""
        sets = (await self._api.post("/scim/events/poll", json={}, headers=self.headers)).json()["sets"]
        key = import_key(KEY.as_dict(private=False))
        claims = [jwt.decode(each, key, algorithms=["ES256"]).claims for each in sets.values()]
        done = await self._api.post("/scim/events/poll", json={"ack": list(sets)}, headers=self.headers)
        assert done.json()["sets"] == {}
        return claims

    async def told(self) -> Told:
        """Event and subject of what is new."""
        return sorted((uri, each["sub_id"]["uri"]) for each in await self.poll() for uri in each["events"])

    async def follow(self, group: str | None) -> httpx.Response:
        """Be told of a role's members alone."""
        return await self._api.put("/scim/events/feed", json={"group": group}, headers=self.headers)


@pytest.fixture
def identity(api: httpx.AsyncClient, issuer: Issuer) -> Identity:
    return Identity(api, issuer.bearer("hr-system"))


@pytest.fixture
def subscriber(api: httpx.AsyncClient, issuer: Issuer) -> Subscriber:
    return Subscriber(api, issuer)


def active(value: bool) -> dict[str, Any]:
    return {"op": "replace", "path": "active", "value": value}


async def test_each_thing_that_happens_to_somebody_is_told_by_its_own_event(
    identity: Identity, subscriber: Subscriber
) -> None:
    assert await subscriber.poll() == []
    ada = (await identity.create(account("ada")))["id"]
    path = f"/Users/{ada}"
    steps: list[tuple[Callable[[], Any], str]] = [
        (lambda: identity.patch(path, {"op": "replace", "path": "title", "value": "Chief"}), "patch:notice"),
        (lambda: identity.patch(path, {"op": "replace", "path": "nickName", "value": "Ace"}), "patch:notice"),
        (lambda: identity.ask("PUT", path, account("ada", title="Countess")), "patch:notice"),
        (lambda: identity.patch(path, active(False)), "deactivate"),
        (lambda: identity.patch(path, active(True)), "activate"),
        (lambda: identity.ask("DELETE", path), "delete"),
    ]
    assert await subscriber.told() == [(f"{PROV}create:notice", path)]
    for step, event in steps:
        answer = await step()
        assert answer.is_success, answer.text
        claims = await subscriber.poll()
        assert f"{PROV}{event}" in {uri for each in claims for uri in each["events"]}, event
        assert {each["sub_id"]["uri"] for each in claims} == {path}
        (said,) = [each["events"][f"{PROV}{event}"] for each in claims if f"{PROV}{event}" in each["events"]]
        assert ("attributes" in said) is event.endswith(":notice")


async def test_groups_are_told_of_as_they_are_made_replaced_patched_and_deleted(
    identity: Identity, subscriber: Subscriber, api_db: Database
) -> None:
    await subscriber.poll()
    crew = (await identity.create({"displayName": "Crew"}, "Groups"))["id"]
    path = f"/Groups/{crew}"
    assert await subscriber.told() == [(f"{PROV}create:notice", path)]
    assert (await identity.ask("PUT", path, {"displayName": "Team"})).is_success
    (claims,) = await subscriber.poll()
    assert claims["events"] == {f"{PROV}put:notice": {"attributes": ["displayName", "members"]}}
    assert (await identity.patch(path, {"op": "replace", "path": "displayName", "value": "Crew"})).is_success
    assert await subscriber.told() == [(f"{PROV}patch:notice", path)]
    assert (await identity.ask("DELETE", path)).is_success
    assert await subscriber.told() == [(f"{PROV}delete", path)]
    async with api_db.transaction() as conn:
        await tell(conn, unit("U"), unit("V", "U"))
    assert await subscriber.told() == sorted((f"{PROV}create:notice", f"/Groups/{group_id(code)}") for code in "UV")
    async with api_db.transaction() as conn:
        await tell(conn, unit("U", seq=2, name="Research"), unit("V", seq=2))
    assert await subscriber.told() == [(f"{PROV}patch:notice", f"/Groups/{group_id('U')}")]
    found = await identity.get(f"/Groups/{group_id('U')}")
    assert found["displayName"] == "Research"


async def test_a_subscriber_that_follows_a_role_is_told_of_its_members_and_of_nobody_else(
    identity: Identity, subscriber: Subscriber, api: httpx.AsyncClient, issuer: Issuer
) -> None:
    ada, rob, eve = [f"/Users/{(await identity.create(account(name)))['id']}" for name in ("ada", "rob", "eve")]

    def members(*paths: str) -> list[dict[str, str]]:
        return [{"value": path.rpartition("/")[2]} for path in paths]

    crew = (await identity.create({"displayName": "Crew", "members": members(ada)}, "Groups"))["id"]
    assert (await subscriber.follow(crew)).json() == {"group": crew}
    assert await subscriber.told() == [(f"{FEED}add", ada)]
    retitled = {"op": "replace", "path": "title", "value": "Chief"}
    for path in (ada, rob):
        await identity.patch(path, retitled)
    assert await subscriber.told() == [(f"{PROV}patch:notice", ada)]
    await identity.create({"displayName": "Others", "members": members(eve)}, "Groups")
    await identity.patch(f"/Groups/{crew}", {"op": "add", "path": "members", "value": members(rob, eve)})
    assert await subscriber.told() == sorted(
        [(f"{FEED}add", rob), (f"{FEED}add", eve), (f"{PROV}patch:notice", f"/Groups/{crew}")]
    )
    gone = {"op": "remove", "path": f'members[value eq "{ada.rpartition("/")[2]}"]'}
    await identity.patch(f"/Groups/{crew}", gone)
    assert (f"{FEED}remove", ada) in await subscriber.told()
    await identity.patch(ada, active(False))
    assert await subscriber.told() == []  # somebody else's affair by now
    erased = f"/v1/people/{rob.rpartition('/')[2]}/erasure"
    assert (await api.post(erased, headers=issuer.bearer("admin"))).status_code == 202
    assert await subscriber.told() == [(f"{PROV}delete", rob)]
    await identity.ask("DELETE", f"/Groups/{crew}")
    assert await subscriber.told() == sorted([(f"{FEED}remove", eve), (f"{PROV}delete", f"/Groups/{crew}")])
    assert (await subscriber.follow(None)).status_code == 200
    await identity.patch(eve, retitled)
    assert await subscriber.told() == [(f"{PROV}patch:notice", eve)]


async def test_a_role_that_is_not_there_cannot_be_followed(subscriber: Subscriber, api: httpx.AsyncClient) -> None:
    answer = await subscriber.follow(str(uuid4()))
    assert (answer.status_code, "group" in answer.text) == (400, True)
    shown = await api.get("/scim/events/feed", headers=subscriber.headers)
    assert shown.json() == {"group": None}


async def test_what_was_told_of_a_worker_by_hr_is_told_on(subscriber: Subscriber, api_db: Database) -> None:
    await subscriber.poll()
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1"))
        await tell(conn, worker("E1", seq=2, job_level=4))
        path = f"/Users/{await person_id(conn, 'E1')}"
    assert await subscriber.told() == [(f"{PROV}create:notice", path), (f"{PROV}patch:notice", path)]
