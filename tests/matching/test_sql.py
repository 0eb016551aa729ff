import pytest

from shared import sql
from shared.db import Database

FILES = ("projections", "rounds", "matches")
QUERIES = [(file, name, query) for file in FILES for name, query in sql.load("services.matching", file).items()]


@pytest.mark.parametrize(("file", "name", "query"), QUERIES, ids=[f"{file}.{name}" for file, name, _ in QUERIES])
async def test_every_query_prepares(file: str, name: str, query: str, db: Database) -> None:
    async with db.acquire() as conn:
        assert await conn.prepare(query)
