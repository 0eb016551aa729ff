"""A closed programme's matches end with it: nobody's capacity or time stays spent on what is over."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.matching.domain.match import tell
from services.matching.store import left_alone, matches
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope

SQL = sql.load("services.matching", "matches")
ROUNDS = sql.load("services.matching", "rounds")
PROGRAMME_CLOSED = "programme_closed"
AT_ONCE = 200
NO_CAUSES: Mapping[UUID, Envelope[Any]] = {}


async def end_closed(conn: Connection, causes: Mapping[UUID, Envelope[Any]] = NO_CAUSES) -> int:
    """End what is open of closed programmes: proposals expire, what stands is over; returns how many that were.

    Nobody is matched anew: it is the programme that is over, and not their part in it. `causes` are the events, by
    programme, whose traces the ends continue.
    """
    await conn.execute(ROUNDS.deciding)
    await left_alone.forget_closed(conn)
    ended = 0
    while rows := await conn.fetch(SQL.open_of_closed, AT_ONCE):
        before = await matches.lock(conn, [row["match_id"] for row in rows])
        after = [match.become("expired" if match.state == "proposed" else "ended") for match in before]
        await matches.save_states(conn, after)
        await outbox.append_all(
            conn, [(tell(match, PROGRAMME_CLOSED), causes.get(match.programme_id)) for match in after]
        )
        ended += len(after)
    return ended
