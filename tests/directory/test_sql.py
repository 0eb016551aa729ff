import pytest

from services import directory
from shared import sql
from shared.db import Connection


@pytest.mark.parametrize(
    "name",
    [
        "people",
        "records",
        "units",
        "skills",
        "erasures",
        "accounts",
        "duplicates",
        "groups",
        "scim",
        "scim_events",
        "holds",
        "feeds",
        "republish",
    ],
)
async def test_every_query_is_understood_by_the_database(name: str, conn: Connection) -> None:
    queries = sql.load(directory.__name__, name).items()
    assert queries
    for _, query in queries:
        await conn.prepare(query)
