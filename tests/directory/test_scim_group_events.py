"""Event tokens about groups and feeds as another system sends them, by its own ids (RFC 9967)."""

from typing import Any

import httpx
import pytest

from shared.db import Database
from tests.directory.test_scim import ENTERPRISE, PATCH, Identity, account
from tests.directory.test_scim_events import configured, push, token
from tests.fixtures.issuer import Issuer

__all__ = ["configured"]
FEED = "urn:ietf:params:scim:event:feed:"


@pytest.fixture
def identity(api: httpx.AsyncClient, issuer: Issuer) -> Identity:
    return Identity(api, issuer.bearer("hr-system"))


class Sender:
    """An identity system that calls everything by its own ids."""

    def __init__(self, api: httpx.AsyncClient, issuer: Issuer) -> None:
        self._api = api
        self._issuer = issuer
        self._sent = 0

    async def send(self, uri: str, **events: Any) -> httpx.Response:
        """One token about one resource; `_` stands for the colon of an event's name."""
        self._sent += 1
        named = {name.replace("_", ":"): payload for name, payload in events.items()}
        about: dict[str, Any] = {"jti": f"t{self._sent}", "sub_id": {"format": "scim", "uri": uri}}
        return await push(self._api, self._issuer, token(self._issuer, named, **about))

    async def taken(self, uri: str, **events: Any) -> None:
        """The same, and it is."""
        answer = await self.send(uri, **events)
        assert (answer.status_code, answer.content) == (202, b""), answer.text


@pytest.fixture
def sender(api: httpx.AsyncClient, issuer: Issuer) -> Sender:
    return Sender(api, issuer)


async def shown(identity: Identity) -> dict[str, list[str]]:
    """Names of members by role."""
    users = {one["id"]: one["userName"] for one in (await identity.get("/Users")).get("Resources", [])}
    groups = (await identity.get("/Groups")).get("Resources", [])
    return {
        group["displayName"]: sorted(users[one["value"]].partition("@")[0] for one in group.get("members", ()))
        for group in groups
        if group["displayName"] != "UNKNOWN"
    }


async def test_a_group_is_made_replaced_patched_and_deleted_by_events(sender: Sender, identity: Identity) -> None:
    for name in ("ada", "rob", "eve"):
        await sender.taken(f"/Users/their-{name}", create_full={"data": account(name, externalId=f"x-{name}")})
    crew = "/Groups/their-crew"
    made = {"displayName": "Crew", "members": [{"value": "their-ada"}]}
    await sender.taken(crew, create_full={"data": made})
    assert await shown(identity) == {"Crew": ["ada"]}
    added = {"op": "add", "path": "members", "value": [{"value": "their-rob"}, {"value": "their-eve"}]}
    removed = {"op": "remove", "path": 'members[value eq "their-ada"]'}
    await sender.taken(crew, patch_full={"data": {"schemas": [PATCH], "Operations": [added, removed]}})
    assert await shown(identity) == {"Crew": ["eve", "rob"]}
    replaced = {"displayName": "Team", "members": [{"value": "their-eve"}]}
    await sender.taken(crew, put_full={"data": replaced})
    await sender.taken(crew, put_notice={"attributes": ["members"]})
    assert await shown(identity) == {"Team": ["eve"]}
    stranger = await sender.send(crew, put_full={"data": {"displayName": "X", "members": [{"value": "nobody"}]}})
    assert (stranger.status_code, stranger.json()["err"]) == (400, "invalid_request")
    assert await shown(identity) == {"Team": ["eve"]}
    await sender.taken(crew, delete={})
    await sender.taken(crew, delete={})
    assert await shown(identity) == {}


async def test_a_manager_is_found_by_the_senders_id_and_an_address_never_taken_for_one(
    sender: Sender, identity: Identity
) -> None:
    await sender.taken("/Users/rob@corp.local", create_full={"data": account("rob")})
    ada = account("ada", **{ENTERPRISE: {"manager": {"value": "rob@corp.local"}}})
    ada["emails"].append({"value": "rob@corp.local", "type": "other"})
    await sender.taken("/Users/their-ada", create_full={"data": ada})
    users = {one["userName"].partition("@")[0]: one for one in (await identity.get("/Users"))["Resources"]}
    assert users["ada"][ENTERPRISE]["manager"]["value"] == users["rob"]["id"]
    assert [mail["value"] for mail in users["ada"]["emails"]] == ["ada@corp.local", "rob@corp.local"]


async def test_joining_and_leaving_a_feed_is_neither_hiring_nor_leaving(
    sender: Sender, identity: Identity, api_db: Database, api: httpx.AsyncClient, issuer: Issuer
) -> None:
    events = {f"{FEED}add": {}, "urn:ietf:params:scim:event:prov:create:full": {"data": account("ada")}}
    about: dict[str, Any] = {"sub_id": {"format": "scim", "uri": "/Users/their-ada"}}
    assert (await push(api, issuer, token(issuer, events, jti="both", **about))).status_code == 202
    (ada,) = (await identity.get("/Users"))["Resources"]
    for number, uri in enumerate(("/Users/their-ada", "/Users/a-stranger", "/Groups/their-crew")):
        for what in ("remove", "add"):
            said: dict[str, Any] = {"sub_id": {"format": "scim", "uri": uri}}
            answer = await push(api, issuer, token(issuer, {f"{FEED}{what}": {}}, jti=f"{what}-{number}", **said))
            assert (answer.status_code, answer.content) == (202, b"")
    assert (await push(api, issuer, token(issuer, {f"{FEED}remove": 7}, jti="bad"))).json()["err"] == "invalid_request"
    assert await identity.get(f"/Users/{ada['id']}") == ada
    async with api_db.acquire() as conn:
        assert [row[0] for row in await conn.fetch("SELECT status FROM people")] == ["active"]
        assert await conn.fetchval("SELECT count(*) FROM groups") == 0
