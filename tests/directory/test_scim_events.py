"""Security event tokens: what another system pushes takes effect once, and subscribers are told until they know."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey, import_key

from services.directory.settings import provisioning
from shared.db import Database
from tests.directory.hr import person_id, tell, worker
from tests.directory.test_scim import account
from tests.fixtures.issuer import EC, Issuer

KEY = ECKey.generate_key("P-256", {"kid": "ours"})
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"
PROV = "urn:ietf:params:scim:event:prov:"


@pytest.fixture(autouse=True)
def configured(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LATERAL_DIRECTORY_SCIM_EVENT_ISSUER", issuer.url)
    monkeypatch.setenv("LATERAL_DIRECTORY_SCIM_EVENT_KEY", json.dumps(KEY.as_dict(private=True)))
    provisioning.cache_clear()
    yield
    provisioning.cache_clear()


def token(issuer: Issuer, events: dict[str, Any], key: RSAKey | ECKey = EC, **changes: Any) -> str:
    claims = {
        "iss": issuer.url,
        "aud": "lateral",
        "iat": int(time.time()),
        "jti": "1",
        "sub_id": {"format": "scim", "uri": "/Users/their-7", "externalId": "x-7"},
        "events": {
            name if name.startswith(("urn:", "https:")) else f"{PROV}{name}": payload
            for name, payload in events.items()
        },
    }
    header = {"typ": changes.pop("typ", "secevent+jwt"), "alg": "ES256", "kid": "ec"}
    return jwt.encode(header, claims | changes, key, algorithms=["ES256"], default_type=None)


async def push(api: httpx.AsyncClient, issuer: Issuer, content: str) -> httpx.Response:
    headers = issuer.bearer("hr-system") | {"Content-Type": "application/secevent+jwt"}
    return await api.post("/scim/events", content=content, headers=headers)


async def test_a_pushed_account_becomes_a_person_and_leaves_by_an_event(
    api: httpx.AsyncClient, issuer: Issuer, api_db: Database
) -> None:
    told: tuple[dict[str, Any], ...] = (
        {"create:full": {"data": account("ada")}},
        {"patch:notice": {"attributes": ["title"]}},
        {"deactivate": {}},
    )
    for number, events in enumerate(told):
        for _ in range(2):  # the same token again has no further effect
            answer = await push(api, issuer, token(issuer, events, jti=f"t{number}"))
            assert (answer.status_code, answer.content) == (202, b""), answer.text
    again = await push(api, issuer, token(issuer, told[0], jti="t0"))  # would bring them back, had it an effect
    assert again.status_code == 202
    async with api_db.acquire() as conn:
        assert [tuple(row) for row in await conn.fetch("SELECT email, status FROM people")] == [
            ("ada@corp.local", "left")
        ]
        assert await conn.fetchval("SELECT external_id FROM accounts") == "x-7"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"aud": "somebody-else"}, "invalid_audience"),
    ({"iss": "https://elsewhere.example"}, "invalid_issuer"),
    ({"typ": "at+jwt"}, "invalid_request"),
    ({"sub": "ada"}, "invalid_request"),
    ({"jti": ""}, "invalid_request"),
    ({"events": {}}, "invalid_request"),
    ({"events": {"create:full": {}}}, "invalid_request"),
    ({"events": {"create:full": {"data": {}, "attributes": []}}}, "invalid_request"),
    ({"events": {"patch:full": {"data": {"Operations": 7}}}}, "invalid_request"),
    ({"key": ECKey.generate_key("P-256", {"kid": "ec"})}, "authentication_failed"),
]


@pytest.mark.parametrize(("changes", "code"), BAD, ids=lambda value: str(value)[:40])
async def test_a_token_that_is_not_right_is_not_taken(
    changes: dict[str, Any], code: str, api: httpx.AsyncClient, issuer: Issuer, api_db: Database
) -> None:
    events = changes.get("events", {"deactivate": {}})
    others = {name: value for name, value in changes.items() if name != "events"}
    answer = await push(api, issuer, token(issuer, events, **others))
    assert (answer.status_code, answer.json()["err"]) == (400, code)
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM scim_received") == 0


async def test_a_subscriber_is_told_until_it_says_that_it_knows(
    api: httpx.AsyncClient, issuer: Issuer, api_db: Database
) -> None:
    headers = issuer.bearer("hr-system")

    async def poll(**body: Any) -> dict[str, str]:
        answer = await api.post("/scim/events/poll", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        sets: dict[str, str] = answer.json()["sets"]
        return sets

    assert await poll() == {}
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1"))
        await tell(conn, worker("E1", seq=2, status="left"))
        who = await person_id(conn, "E1")
    waiting = await poll()
    assert list(await poll()) == list(waiting)  # signed anew, the same tokens
    published = (await api.get("/scim/events/jwks")).json()["keys"]
    claims = [jwt.decode(each, import_key(published[0]), algorithms=["ES256"]).claims for each in waiting.values()]
    assert {uri for each in claims for uri in each["events"]} == {f"{PROV}create:notice", f"{PROV}deactivate"}
    assert {each["sub_id"]["uri"] for each in claims} == {f"/Users/{who}"}
    assert "Ada" not in json.dumps(claims)
    first, *rest = waiting
    assert set(await poll(ack=[first])) == set(rest)
    assert await poll(ack=rest) == {}


async def test_a_subscriber_finds_its_own_words_in_a_verification(api: httpx.AsyncClient, issuer: Issuer) -> None:
    headers = issuer.bearer("hr-system")

    async def waiting() -> list[dict[str, Any]]:
        sets = (await api.post("/scim/events/poll", json={}, headers=headers)).json()["sets"]
        (published,) = (await api.get("/scim/events/jwks")).json()["keys"]
        key = import_key(published)
        return [jwt.decode(each, key, algorithms=["ES256"]).claims for each in sets.values()]

    for state in ("first", "second"):  # the second takes the place of the first, which still waits
        answer = await api.post("/scim/events/verify", json={"state": state}, headers=headers)
        assert (answer.status_code, answer.content) == (204, b"")
    (claims,) = await waiting()
    assert claims["events"] == {VERIFICATION: {"state": "second"}}
    assert claims["sub_id"]["format"] == "opaque"
    assert "sub" not in claims
    other = issuer.bearer("hr-system", sub="another")
    assert (await api.post("/scim/events/poll", json={}, headers=other)).json()["sets"] == {}
    assert (await api.post("/scim/events/verify", json={"state": ""}, headers=headers)).status_code == 400


async def test_a_verification_is_taken_and_touches_nobody(
    api: httpx.AsyncClient, issuer: Issuer, api_db: Database
) -> None:
    about: dict[str, Any] = {"sub_id": {"format": "opaque", "id": "stream-1"}}
    good = token(issuer, {VERIFICATION: {"state": "x"}}, **about)
    assert (await push(api, issuer, good)).status_code == 202
    bad = token(issuer, {VERIFICATION: {"state": 7}}, jti="2", **about)
    assert (await push(api, issuer, bad)).json()["err"] == "invalid_request"
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM scim_received") == 1
        assert await conn.fetchval("SELECT count(*) FROM accounts") == 0


async def test_the_configuration_names_the_events_to_whom_asks_and_stays_as_clients_know_it(
    api: httpx.AsyncClient,
) -> None:
    where = "/scim/v2/ServiceProviderConfig"
    plain = (await api.get(where)).json()
    assert "securityEvents" not in plain
    for name in ("securityEvents", "patch, urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig:securityevents"):
        asked = (await api.get(where, params={"attributes": name})).json()
        said = asked.pop("securityEvents")
        assert said["asyncRequest"] == "none"
        assert {f"{PROV}put:full", f"{PROV}create:notice", f"{PROV}deactivate"} <= set(said["eventUris"])
        assert asked == plain
