"""What others have written to talk to a SCIM service, on the running one: the conformance suite, a real client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from scim2_client.engines.httpx2 import AsyncSCIMClient, SyncSCIMClient
from scim2_models import PatchOp, PatchOperation, SearchRequest
from scim2_tester import Status, check_server
from uvicorn import Config, Server

from services.directory.app import create_app
from services.directory.settings import DirectorySettings
from tests.fixtures.issuer import Issuer

CHECKS = 120
"""The suite makes its checks from our schemas: fewer would say that it has found less."""


@asynccontextmanager
async def serving(settings: DirectorySettings) -> AsyncIterator[str]:
    """The service on a port of its own."""
    server = Server(Config(create_app(settings), port=0, log_level="warning"))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/scim/v2"
    finally:
        await server.shutdown()


@pytest.fixture
async def url(settings: DirectorySettings) -> AsyncIterator[str]:
    async with serving(settings) as base:
        yield base


def checked(url: str, headers: dict[str, str]) -> list[tuple[Status, str | None, str | None]]:
    with httpx2.Client(base_url=url, headers=headers) as http:
        return [(one.status, one.title, one.reason) for one in check_server(SyncSCIMClient(http))]


async def test_the_conformance_suite_finds_nothing_wrong(url: str, issuer: Issuer) -> None:
    """K15."""
    results = await asyncio.to_thread(checked, url, issuer.bearer("hr-system"))
    wrong = [result for result in results if result[0] is not Status.SUCCESS]
    assert not wrong, wrong
    assert len(results) >= CHECKS


async def test_a_real_client_provisions_and_finds(url: str, issuer: Issuer) -> None:
    async with httpx2.AsyncClient(base_url=url, headers=issuer.bearer("hr-system")) as http:
        client: Any = AsyncSCIMClient(http)
        await client.discover()
        model: Any = client.get_resource_model("User")
        created = await client.create(model(user_name="ada@corp.local", display_name="Ada"))
        renamed: Any = PatchOperation(op=PatchOperation.Op.replace_, path="title", value="Countess")
        await client.modify(model, created.id, PatchOp[model](operations=[renamed]))
        found = await client.query(model, query_parameters=SearchRequest(filter='title eq "countess"'))
        assert [one.id for one in found.resources] == [created.id]
        await client.delete(model, created.id)
        assert (await client.query(model)).total_results == 0
