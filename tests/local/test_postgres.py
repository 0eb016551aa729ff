"""The embedded PostgreSQL: separated roles, data that survives, clear refusals."""

import os
import signal
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.ports import free_port, listen
from deploy.local.postgres import Postgres
from deploy.local.processes import StartFailed
from tests.local.conftest import eventually

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def postgres(state: Path) -> AsyncIterator[Postgres]:
    """A running server with two services' databases."""
    async with Postgres(state, free_port(), fsync=False) as server:
        await server.create_service_databases(["directory", "matching"])
        yield server


async def test_a_role_connects_to_no_database_but_its_own(postgres: Postgres) -> None:
    own = await asyncpg.connect(postgres.dsn("matching", "matching"))
    await own.execute("CREATE TABLE people (id int)")
    await own.close()
    for other in ("directory", "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
            await asyncpg.connect(postgres.dsn(other, "matching"))


async def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.dsn("directory", "directory"), password="guessed")


async def test_a_copy_of_a_database_is_as_closed_as_the_original(postgres: Postgres) -> None:
    await postgres.create_database("directory_copy", owner="directory", template="directory")
    conn = await asyncpg.connect(postgres.dsn("directory_copy", "directory"))
    await conn.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(postgres.dsn("directory_copy", "matching"))
    await postgres.drop_database("directory_copy")


async def test_the_data_and_the_passwords_survive_a_restart(state: Path, postgres: Postgres) -> None:
    conn = await asyncpg.connect(postgres.dsn("directory", "directory"))
    await conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    await conn.close()
    await postgres.stop()
    async with Postgres(state, free_port(), fsync=False) as again:
        await again.create_service_databases(["directory", "matching"])
        conn = await asyncpg.connect(again.dsn("directory", "directory"))
        assert await conn.fetchval("SELECT answer FROM kept") == 42
        await conn.close()


async def test_a_killed_server_comes_back_with_what_was_committed(postgres: Postgres) -> None:
    conn = await asyncpg.connect(postgres.dsn("directory", "directory"))
    await conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(postgres.child.pid, signal.SIGKILL)
    await eventually(lambda: postgres.child.deaths > 0, "the death is noticed")
    await postgres.child.ready(postgres._answers, within=30)
    conn = await asyncpg.connect(postgres.dsn("directory", "directory"))
    assert await conn.fetchval("SELECT answer FROM kept") == 42
    await conn.close()


async def test_passwords_are_readable_by_their_owner_alone(state: Path, postgres: Postgres) -> None:
    mode = (state / "postgres.passwords.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


async def test_data_of_another_major_version_is_refused(state: Path, postgres: Postgres) -> None:
    await postgres.stop()
    (postgres._data / "PG_VERSION").write_text("17\n")
    with pytest.raises(StartFailed, match="made by PostgreSQL 17"):
        await postgres.start()


async def test_a_stranger_on_the_port_is_never_taken_for_ours(state: Path) -> None:
    port = free_port()
    with listen(port), pytest.raises(StartFailed, match=f"somebody else listens on port {port}"):
        await Postgres(state, port).start()
