"""Too many leaving at once is more often a mistake than the truth: it waits until an operator has decided."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from services.directory.domain.refusals import HoldDecided, LeaversHeld, UnknownHold
from services.directory.store import holds as store
from services.directory.store import people as people_store
from services.directory.store.holds import SaidBy, Way
from shared.db import Connection

Decision: TypeAlias = Literal["approved", "rejected"]
ONE_IN = 50
"""The share that leaves unasked."""
WITHIN = timedelta(hours=1)
FEWEST = 10
"""In a small organization one family's move is more than the share."""

log = logging.getLogger(__name__)


async def hold_erasures(conn: Connection, people: Mapping[UUID, str], now: datetime) -> frozenset[str]:
    """Those of these people, numbers by id, whose erasure HR tells of and has to wait, which is written down."""
    hold_id = await hold_for(conn, people.values(), now)
    if hold_id is None:
        return frozenset()
    await store.hold_people(conn, hold_id, people, "erasure", now)
    return frozenset(people.values())


async def hold_for(conn: Connection, leaving: Collection[str], now: datetime) -> int | None:
    """The hold that these leavers have to wait for; None when they may go, which is counted."""
    if not leaving:
        return None
    if waiting := await store.open_hold(conn, "hr"):
        return waiting
    return None if await _may_go(conn, len(leaving), now) else await _open(conn, "hr", len(leaving), now)


async def refuse_mass(conn: Connection, person_id: UUID, way: Way, now: datetime) -> None:
    """Count one whom an identity system takes out. Raises LeaversHeld beyond the share; nothing is written then.

    One by one they go at once, whatever HR has in a hold; whoever was held goes on waiting when asked for again.
    """
    waits = await store.waits_in(conn, person_id)
    if waits is not None or not await _may_go(conn, 1, now):
        raise LeaversHeld(person_id, way)


async def hold_accounts(conn: Connection, held: Sequence[LeaversHeld], now: datetime) -> int:
    """Write down whom `refuse_mass` has refused: an approval does what was asked for."""
    await people_store.lock_chart(conn)
    hold_id = await store.open_hold(conn, "scim") or await _open(conn, "scim", len(held), now)
    for each in held:
        if await store.waits_in(conn, each.person_id) is None:
            await store.hold_people(conn, hold_id, [each.person_id], each.way, now)
    return hold_id


async def _may_go(conn: Connection, leaving: int, now: datetime) -> bool:
    """Whether so many may, which is counted."""
    gone = await store.gone_since(conn, now - WITHIN)
    together = gone + leaving
    if together > FEWEST:
        enough = together * ONE_IN - gone
        if await store.count_here(conn, enough) < enough:
            return False
    await store.count_departures(conn, now, leaving)
    return True


async def _open(conn: Connection, said_by: SaidBy, leaving: int, now: datetime) -> int:
    gone, here = await store.gone_since(conn, now - WITHIN), await store.count_here(conn)
    fields = {"here": here, "gone": gone, "leaving": leaving, "said_by": said_by}
    log.error("leavers wait for an operator", extra={"fields": fields})
    return await store.insert(conn, now, here, gone, said_by)


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
