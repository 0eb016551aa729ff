"""Every route by every role: the policy table is what really happens."""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from shared.auth import ROLES, Allow, Policy
from shared.events.topics import SERVICES
from shared.runner import Service
from tests.conftest import NewDatabase
from tests.fixtures.issuer import Issuer, serving_issuer


def policy(name: str) -> Policy:
    found: Policy = importlib.import_module(f"services.{name}.policy").POLICY
    return found


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://api") as api:
        yield api


def address(path: str) -> str:
    """The path with something that does not exist in each place."""
    return "/".join(str(uuid4()) if "{" in part and "." not in part else part for part in path.split("/")).replace(
        "{token}", "x" * 43
    )


@pytest.mark.parametrize("name", SERVICES)
async def test_a_role_gets_in_where_the_table_says_so_and_nowhere_else(name: str, new_database: NewDatabase) -> None:
    service: Service = importlib.import_module(f"services.{name}.__main__").SERVICE
    checked = 0
    async with serving_issuer() as issuer:
        settings = service.load(database_url=await new_database(name), issuer=issuer.url)
        async with serving(service.app(settings)) as api:
            for row, rule in policy(name).items():
                method, path = row.split(" ", 1)
                if not isinstance(rule, Allow):
                    continue
                for role in sorted(ROLES):
                    answer = await api.request(method, address(path), headers=issuer.bearer(role), json={})
                    assert (answer.status_code == 403) is (role not in rule.roles), (row, role, answer.text)
                    assert answer.status_code < 500, (row, role, answer.text)
                    checked += 1
                await _without_a_good_token(api, method, address(path), issuer)
    assert checked >= len(ROLES)


async def _without_a_good_token(api: httpx.AsyncClient, method: str, path: str, issuer: Issuer) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer nonsense"},
        issuer.bearer("admin", aud="somebody-else"),
        issuer.bearer("admin", iss="https://elsewhere.example"),
        issuer.bearer("admin", exp=-3600),
    ):
        answer = await api.request(method, path, headers=headers, json={})
        if answer.headers.get("location") == "/sign-in":
            continue  # a page sends a person to where they can show a token
        assert answer.status_code == 401, (method, path, headers, answer.text)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    nobody = await api.request(method, path, headers=issuer.bearer(), json={})
    assert nobody.status_code == 403
