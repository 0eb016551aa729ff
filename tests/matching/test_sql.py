from importlib import resources

from shared import sql
from tests.conftest import Standing


async def test_every_query_prepares(standing: Standing) -> None:
    folder = resources.files("services.matching").joinpath("sql")
    files = [file.name.removesuffix(".sql") for file in folder.iterdir()]
    async with (await standing("matching")).acquire() as conn:
        for file in files:
            for query in dict(sql.load("services.matching", file).items()).values():
                assert await conn.prepare(query)
    assert len(files) > 5
