"""The development issuer: discovery, keys, and tokens that a verifier accepts."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local.issuer import CLIENTS, Issuer, create_app
from deploy.local.ports import free_port
from deploy.local.web import Served

pytestmark = pytest.mark.asyncio
PERSON = "5f0c1a2e-8b1d-4c53-9d0e-2f3f3c1f7a10"


@pytest_asyncio.fixture
async def client(state: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running issuer."""
    port = free_port()
    app = create_app(Issuer(state, f"http://127.0.0.1:{port}"))
    async with Served(app, port) as served, httpx.AsyncClient(base_url=served.url, trust_env=False) as http:
        yield http


async def verify(client: httpx.AsyncClient, token: str) -> dict[str, Any]:
    """The claims, verified as a resource server would: discovery, key set, header, claims."""
    discovery = (await client.get("/.well-known/openid-configuration")).json()
    keys = KeySet.import_key_set((await client.get(discovery["jwks_uri"])).json())
    decoded = jwt.decode(token, keys, algorithms=["RS256"])
    assert decoded.header["typ"] == "at+jwt"
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": discovery["issuer"]},
        aud={"essential": True, "value": "lateral"},
        exp={"essential": True},
        jti={"essential": True},
    ).validate(decoded.claims)
    return decoded.claims


@pytest.mark.parametrize("role", CLIENTS)
async def test_each_role_has_a_client_whose_token_verifies(client: httpx.AsyncClient, role: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": role, "client_secret": CLIENTS[role]}
    answer = (await client.post("/token", data=form)).json()
    claims = await verify(client, answer["access_token"])
    assert (claims["roles"], claims["sub"], claims["client_id"]) == ([role], role, role)
    assert claims["exp"] - claims["iat"] == answer["expires_in"] == 12 * 60 * 60


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "guessed"}, 401, "invalid_client"),
        ({"client_id": "nobody", "client_secret": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_a_bad_request_for_a_token_is_refused(
    client: httpx.AsyncClient, change: dict[str, str], status: int, error: str
) -> None:
    form = {"grant_type": "client_credentials", "client_id": "admin", "client_secret": CLIENTS["admin"]} | change
    answer = await client.post("/token", data=form)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_a_development_token_speaks_for_a_person(client: httpx.AsyncClient) -> None:
    body = {"roles": ["manager", "employee"], "person_id": PERSON}
    answer = (await client.post("/dev/token", json=body)).json()
    claims = await verify(client, answer["access_token"])
    assert (claims["roles"], claims["person_id"], claims["sub"]) == (["employee", "manager"], PERSON, PERSON)


async def test_the_key_set_has_no_private_part_and_the_file_is_private(client: httpx.AsyncClient, state: Path) -> None:
    (key,) = (await client.get("/jwks")).json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert stat.S_IMODE((state / "issuer.key.json").stat().st_mode) == 0o600


async def test_a_token_survives_a_restart(client: httpx.AsyncClient, state: Path) -> None:
    again = Issuer(state, str(client.base_url).rstrip("/"))
    await verify(client, again.token(["employee"]))


async def test_another_host_name_for_this_machine_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/dev/token", json={"roles": ["admin"]}, headers={"Host": "rebound.example"})
    assert answer.status_code == 400
