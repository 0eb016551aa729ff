from importlib import resources

import pytest

from shared import sql
from tests.sessions.conftest import World

FILES = [file.name.removesuffix(".sql") for file in resources.files("services.sessions").joinpath("sql").iterdir()]


@pytest.mark.parametrize("file", sorted(FILES))
async def test_every_query_fits_the_schema(file: str, world: World) -> None:
    async with world.db.acquire() as conn:
        for query in dict(sql.load("services.sessions", file).items()).values():
            await conn.prepare(query)
