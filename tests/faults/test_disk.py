"""A disk that is full: writes are refused by 503, reads go on, and space alone makes it well."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from deploy.local.postgres import Postgres
from shared.db import Database
from shared.settings import Settings
from tests.fixtures import register
from tests.fixtures.issuer import Issuer
from tests.shared.test_web import serving

ROOM = 4_000_000


@pytest.fixture
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of four megabytes that the database may use."""
    folder = Path("/var/tmp") / f"lateral-small-{uuid4().hex[:8]}"
    folder.mkdir(mode=0o700)
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0777", "tmpfs", folder], check=False, capture_output=True
        ).returncode
    )
    if not mounted:
        folder.rmdir()
        pytest.skip("a full disk needs root, who may mount a small one")
    space = folder / "space"
    space.mkdir(mode=0o700)
    shutil.chown(space, "nobody")
    yield space
    subprocess.run(["umount", "--lazy", folder], check=True)
    folder.rmdir()


async def test_a_full_disk_refuses_writes_answers_reads_and_heals_by_itself(
    chassis: Settings, db: Database, postgres: Postgres, issuer: Issuer, small_disk: Path
) -> None:
    """Row 25."""
    await register.prepare(db)
    admin = await asyncpg.connect(postgres.dsn(chassis.database_url.rpartition("/")[2]))
    await admin.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    await admin.execute("ALTER TABLE written SET TABLESPACE small")
    ballast = small_disk.parent / "ballast"
    headers, key = issuer.bearer("employee"), UUID(int=1)
    try:
        async with serving(register.app(chassis.model_copy(update={"issuer": issuer.url}))) as client:

            async def post() -> httpx.Response:
                body = {"key": str(key), "operation": str(uuid4())}
                return await client.post("/v1/entries", json=body, headers=headers)

            assert (await post()).status_code == 201
            fill(ballast)
            answers = [await post() for _ in range(300)]
            accepted = sum(answer.status_code == 201 for answer in answers)
            assert {answer.status_code for answer in answers} == {
                201,
                503,
            }  # what the last page still held, and no more
            assert (await client.get(f"/v1/entries/{key}", headers=headers)).json()["version"] == accepted + 1
            ballast.unlink()
            assert (await post()).status_code == 201
        async with db.acquire() as conn:
            assert await conn.fetchval("SELECT count(*) FROM written") == accepted + 2
    finally:
        await admin.execute("ALTER TABLE written SET TABLESPACE pg_default")
        await admin.execute("DROP TABLESPACE small")
        await admin.close()


def fill(ballast: Path) -> None:
    """Write until there is no room."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
