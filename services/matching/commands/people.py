"""A change of people: believed, then followed in their matches, then newcomers get their buddies."""

from collections.abc import Sequence

from services.matching.commands.buddies import propose_buddies
from services.matching.commands.projections import learn_people
from services.matching.commands.upkeep import follow
from shared import sql
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.directory import PersonChanged

SQL = sql.load("services.matching", "rounds")


async def change_people(conn: Connection, envelopes: Sequence[Envelope[PersonChanged]]) -> None:
    """Apply newer states and all that follows from them. Raises UnknownTimeZone."""
    await conn.execute(SQL.deciding)
    changed, moved = await learn_people(conn, [envelope.data for envelope in envelopes])
    if not changed:
        return
    causes = {envelope.data.person_id: envelope for envelope in envelopes}
    await follow(conn, changed, moved, causes)
    await propose_buddies(conn, changed, causes)
