"""A change of programmes: believed, then followed in the matches of those closed, or not for their people any more."""

from collections.abc import Sequence
from itertools import groupby

from services.matching.commands.closing import end_closed
from services.matching.commands.projections import learn_programmes
from services.matching.commands.reopening import reopen
from services.matching.commands.upkeep import NOT_FOR_THEM, Broken, release
from shared import sql
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.sessions import ProgrammeChanged

SQL = sql.load("services.matching", "matches")
ROUNDS = sql.load("services.matching", "rounds")
AT_ONCE = 200


async def change_programmes(conn: Connection, envelopes: Sequence[Envelope[ProgrammeChanged]]) -> None:
    """Apply newer states and all that follows from them."""
    await conn.execute(ROUNDS.deciding)
    moved = await learn_programmes(conn, [envelope.data for envelope in envelopes])
    closed = {envelope.data.programme_id: envelope for envelope in envelopes if envelope.data.status == "closed"}
    if closed:
        await end_closed(conn, closed)
    if not moved:
        return
    rows = await conn.fetch(SQL.outside, moved)
    matches = [(match_id, list(mine)) for match_id, mine in groupby(rows, key=lambda row: row["match_id"])]
    for start in range(0, len(matches), AT_ONCE):
        broken = Broken()
        for match_id, mine in matches[start : start + AT_ONCE]:
            for row in mine:
                broken.add(match_id, row["person_id"], NOT_FOR_THEM)
        causes = {person: envelopes[-1] for people in broken.leavers.values() for person in people}
        left = await release(conn, frozenset(), [], causes, broken)
        await reopen(conn, left, causes)
