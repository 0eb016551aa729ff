"""Looks for somebody in every table of a service: what an erasure is proved by."""

from collections.abc import Sequence

from shared.db import Connection
from shared.privacy.catalogue import Catalogue


async def find(conn: Connection, catalogue: Catalogue, names: Sequence[str]) -> dict[str, int]:
    """Rows that hold one of these names, by table; bytes are searched too. Reads every table whole.

    Left out are tables that keep the erased away, and the audit trail, which holds ids alone.
    """
    wanted = [*names, *(name.encode().hex() for name in names)]
    found: dict[str, int] = {}
    for table in catalogue.tables:
        if table.remembers_erased or table.data_class == "audit":
            continue
        rows = await conn.fetchval(
            f"SELECT count(*) FROM {table.name} AS t"  # noqa: S608 - names come from the catalogue
            " WHERE EXISTS (SELECT FROM unnest($1::text[]) AS name WHERE position(lower(name) IN lower(t::text)) > 0)",
            wanted,
        )
        if rows:
            found[table.name] = rows
    return found
