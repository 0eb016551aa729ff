"""Templates as those see them who make programmes."""

from services.sessions.domain.templates import Template
from services.sessions.store import templates as store
from shared.db import Connection


async def list_templates(conn: Connection, *, after: str, limit: int) -> list[Template]:
    """The newest version of each in order of name, one more than `limit`."""
    known = await store.known(conn)
    return [known[name] for name in sorted(known) if name > after][: limit + 1]


async def get_template(conn: Connection, name: str, version: int | None) -> Template:
    """One version, or the newest. Raises UnknownTemplate."""
    return await store.one(conn, name, version)
