from importlib import resources

from shared import sql
from shared.db import Connection


async def test_every_query_prepares_against_the_schema(conn: Connection) -> None:
    names = [file.name.removesuffix(".sql") for file in resources.files("services.metrics").joinpath("sql").iterdir()]
    prepared = 0
    for name in names:
        queries = dict(sql.load("services.metrics", name).items())
        for query in queries.values():
            await conn.prepare(query)
        prepared += len(queries)
    assert prepared > 30
