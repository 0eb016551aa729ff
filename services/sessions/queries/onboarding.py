"""Links of a programme as a newcomer sees them, and one's own open questions."""

from uuid import UUID

from services.sessions.domain.onboarding import UnknownLink
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "onboarding")


async def check_sees(conn: Connection, programme_id: UUID, caller: UUID | None, *, oversees: bool) -> None:
    """Raise UnknownLink where a programme is not for the caller."""
    if not oversees and not await conn.fetchval(SQL.may_see, programme_id, caller):
        raise UnknownLink("There is no such programme, or it is not for you.")


async def list_links(
    conn: Connection,
    programme_id: UUID,
    caller: UUID | None,
    *,
    oversees: bool,
    stage: str | None,
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[Record]:
    """In the order of stages, with what the caller has done, one more than `limit`. Raises UnknownLink."""
    await check_sees(conn, programme_id, caller, oversees=oversees)
    return await conn.fetch(SQL.list_links, programme_id, caller, stage, *(after or (None, None)), limit + 1)


async def list_questions(conn: Connection, session_id: UUID, person_id: UUID) -> list[str]:
    """Courses that have left somebody with a question there."""
    return [row["course"] for row in await conn.fetch(SQL.list_questions, session_id, person_id)]
