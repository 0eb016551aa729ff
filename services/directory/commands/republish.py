"""Says again all that is published, word for word, in the same version: who knows it changes nothing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

from services.directory.store import republish as store
from shared import outbox
from shared.db import Connection
from shared.events.base import Event

AT_ONCE = 1000
WAITING = 5000
"""While more than these wait in the outbox, nothing is added."""

What = Literal["skills", "units", "people", "contacts", "erased"]
READ: Mapping[What, Callable[[Connection, str | None, int], Awaitable[tuple[Sequence[Event], str | None]]]] = {
    "skills": store.skills,
    "units": store.units,
    "people": store.people,
    "contacts": store.contacts,
    "erased": store.erased,
}
"""In this order: names before those who bear them; tombstones last."""


async def count(conn: Connection) -> dict[str, int]:
    """How many of each there are."""
    return await store.count(conn)


async def republish(conn: Connection, what: What, after: str | None) -> tuple[int, str | None]:
    """Append the next thousand; returns how many, and behind which to go on. Their rows are locked: order holds."""
    events, last = await READ[what](conn, after, AT_ONCE)
    await outbox.append_all(conn, [(event, None) for event in events])
    return len(events), last


async def outbox_is_full(conn: Connection) -> bool:
    """Whether the relay should be waited for."""
    return await store.waiting(conn, WAITING) >= WAITING
