"""Too many leaving at once is more often a mistake than the truth: it waits until an operator has decided."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from services.directory.domain.refusals import HoldDecided, UnknownHold
from services.directory.store import holds as store
from services.directory.store import people as people_store
from shared.db import Connection

Decision: TypeAlias = Literal["approved", "rejected"]
SHARE = 0.02
WITHIN = timedelta(hours=1)
FEWEST = 10
"""In a small organization one family's move is more than the share."""

log = logging.getLogger(__name__)


async def hold_for(conn: Connection, leaving: Collection[str], now: datetime) -> int | None:
    """The hold that these leavers have to wait for; None when they may go, which is counted."""
    if not leaving:
        return None
    if waiting := await store.open_hold(conn):
        return waiting
    gone = await store.gone_since(conn, now - WITHIN)
    together = gone + len(leaving)
    if together > FEWEST and together > SHARE * ((here := await store.count_here(conn)) + gone):
        log.error(
            "leavers wait for an operator", extra={"fields": {"here": here, "gone": gone, "leaving": len(leaving)}}
        )
        return await store.insert(conn, now, here, gone)
    await store.count_departures(conn, now, len(leaving))
    return None


async def decide(conn: Connection, hold_id: int, decision: Decision, by: str, why: str, now: datetime) -> None:
    """Let a hold's people go, or not. Those let go follow from a timer. Raises UnknownHold or HoldDecided."""
    await people_store.lock_chart(conn)
    hold = await store.lock(conn, hold_id)
    if hold is None:
        raise UnknownHold("There is no such hold.")
    if hold["state"] != "open":
        raise HoldDecided(f"The hold is {hold['state']}.", state=hold["state"])
    await store.decide(conn, hold_id, decision, by, why, now)
    if decision == "rejected":
        await store.refuse_records(conn, hold_id, f"Rejected by an operator: {why}")
