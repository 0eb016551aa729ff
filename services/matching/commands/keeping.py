"""What a round found, from the process that solved it into the database: a page at a time."""

from uuid import UUID

from services.matching.commands import solver
from services.matching.engine.tasks import Page, Summary
from services.matching.store import matches, rounds
from services.matching.store.programmes import Programme
from shared import sql
from shared.db import Connection, Record
from shared.events.matching import MatchKind

SQL = sql.load("services.matching", "rounds")
MANY = 1000
"""People whose round changes what the planner should think of these tables."""


async def keep(
    conn: Connection, session: solver.Session, found: Summary, *, round_id: UUID, programme: Programme, kind: MatchKind
) -> Record:
    """The round as a preview, its matches, and whom it left out; returns its row."""
    row = await rounds.finish(conn, found, round_id=round_id, programme=programme)
    page: Page
    async for page in session.pages():
        formed = matches.proposals(kind, page.exchanges, programme, round_id)
        await matches.insert(conn, (match.previewed() for match in formed))
        await rounds.insert_unmatched(conn, round_id, page.unmatched)
    if found.asked >= MANY:
        await conn.execute(SQL.count_anew)
    return row
