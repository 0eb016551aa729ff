"""Five hundred callers at once, and a pool that has eight connections: successes and 503s, nothing else."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import httpx
import pytest

from deploy.local.postgres import Postgres
from shared.db import TROUBLE, Database
from shared.settings import Settings
from tests.fixtures import register
from tests.fixtures.delivery import until
from tests.fixtures.issuer import Issuer
from tests.fixtures.proxy import Proxy
from tests.shared.test_web import serving


async def test_a_crowd_sees_only_successes_and_503s_that_say_when_to_come_again(
    chassis: Settings, db: Database, issuer: Issuer
) -> None:
    """Row 27."""
    await register.prepare(db)
    settings = chassis.model_copy(update={"issuer": issuer.url, "pool_size": 4, "acquire_timeout": 0.2})
    headers = issuer.bearer("employee")
    key = UUID(int=1)
    async with serving(register.app(settings)) as client:

        async def post() -> httpx.Response:
            body = {"key": str(key), "operation": str(uuid4())}
            return await client.post("/v1/entries", json=body, headers=headers)

        async with db.transaction() as conn:  # the crowd's key is taken: every connection waits for it
            await conn.execute("INSERT INTO entries VALUES ($1, 1)", key)
            crowd = [asyncio.create_task(post()) for _ in range(500)]
            while sum(task.done() for task in crowd) < 500 - settings.pool_size:  # noqa: ASYNC110 - they are many
                await asyncio.sleep(0.01)
        answers = await asyncio.gather(*crowd)
    seen = Counter(answer.status_code for answer in answers)
    assert seen == {201: settings.pool_size, 503: 500 - settings.pool_size}
    assert {answer.headers["Retry-After"] for answer in answers if answer.status_code == 503} == {"1"}
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT version FROM entries") == 1 + settings.pool_size


async def test_a_database_that_is_silent_keeps_nobody_waiting_for_the_end_of_a_connection(
    chassis: Settings, postgres: Postgres
) -> None:
    """Row 15."""
    async with Proxy(postgres.port) as proxy, asyncio.timeout(60):
        url = chassis.database_url.replace(f":{postgres.port}/", f":{proxy.port}/")
        settings = chassis.model_copy(update={"database_url": url, "pool_size": 1, "command_timeout": 3600.0})
        silent = await Database.connect(settings)
        proxy.black_hole()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), silent.transaction() as conn:
                await conn.execute("SELECT pg_sleep(0)")
        proxy.heal()
        async with silent.transaction() as conn:  # the only place of the pool is free again
            assert await conn.fetchval("SELECT 1") == 1
        await silent.close()


async def test_twenty_processes_that_lose_the_database_at_once_are_back_after_one_error_each(
    chassis: Settings, postgres: Postgres
) -> None:
    """Row 27."""
    async with Proxy(postgres.port) as proxy, AsyncExitStack() as ends:
        url = chassis.database_url.replace(f":{postgres.port}/", f":{proxy.port}/")
        settings = chassis.model_copy(update={"database_url": url, "pool_size": 1})
        pods = await asyncio.gather(*(Database.connect(settings) for _ in range(20)))
        for pod in pods:
            ends.push_async_callback(pod.close)

        async def works(pod: Database) -> bool:
            try:
                async with pod.transaction() as conn:
                    return bool(await conn.fetchval("SELECT true"))
            except TROUBLE:
                return False

        assert all(await asyncio.gather(*(works(pod) for pod in pods)))
        proxy.reset()
        at_once = [await asyncio.gather(*(works(pod) for _ in range(10))) for pod in pods]
        assert [answers.count(False) <= 1 for answers in at_once] == [True] * 20
        assert all(await asyncio.gather(*(works(pod) for pod in pods)))
        async with pods[0].acquire() as conn:
            mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state IS NOT NULL"
            assert await conn.fetchval(mine) <= 20 + chassis.pool_size, "nobody opens more than was lost"


async def test_what_is_committed_stays_done_when_its_connection_breaks_on_the_way_back(
    chassis: Settings, postgres: Postgres
) -> None:
    async with Proxy(postgres.port) as proxy:
        url = chassis.database_url.replace(f":{postgres.port}/", f":{proxy.port}/")
        breaking = await Database.connect(chassis.model_copy(update={"database_url": url}))
        async with breaking.acquire() as conn:
            async with conn.transaction():
                await conn.execute("CREATE TABLE done ()")
            proxy.cut_after = 0
        proxy.heal()
        async with breaking.acquire() as conn:
            assert await conn.fetchval("SELECT to_regclass('done')")
        await breaking.close()


async def test_a_statement_that_nobody_waits_for_is_cancelled_on_the_server(db: Database) -> None:
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600)' AND state = 'active'"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), db.acquire() as conn:
            await conn.execute("SELECT pg_sleep(3600)")
    await until(db, sleeping, 0)
