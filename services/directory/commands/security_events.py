"""Security event tokens: each is taken once; subscribers are told until they say that they know."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.directory.domain.refusals import NothingPushed, UnknownResource
from services.directory.domain.security_event import next_push
from services.directory.store import groups as groups_store
from services.directory.store import scim_events as store
from shared.courier import Outcome
from shared.db import Connection, Record

AT_ONCE = 20
REFUSED = 400
"""RFC 8935: this token will never be taken."""


async def take_token(conn: Connection, issuer: str, jti: str) -> bool:
    """Claim a token; False when it has had its effect before."""
    return await store.take(conn, issuer, jti)


async def poll(conn: Connection, subscriber: str, known: Sequence[UUID], limit: int) -> list[Record]:
    """Forget what a subscriber knows, and return what it does not; one more than `limit` where there are more."""
    return await store.poll(conn, subscriber, known, limit)


async def verify(conn: Connection, subscriber: str, state: str | None) -> None:
    """Have a subscriber told its own words, by the way everything is told."""
    await store.verify(conn, subscriber, state)


async def set_feed(conn: Connection, subscriber: str, group_id: UUID | None) -> None:
    """Tell a subscriber of one role and its members alone, or of everybody. Raises UnknownResource."""
    if group_id is not None and await groups_store.lock(conn, group_id) is None:
        raise UnknownResource("There is no such role.")
    await store.set_feed(conn, subscriber, group_id)


async def known_as(conn: Connection, kind: str, resource_id: UUID, sender_id: str) -> None:
    """Remember the sender's own id for one of the Users or Groups, by which it names members and managers."""
    await store.known_as(conn, kind, resource_id, sender_id)


async def prune_tokens(conn: Connection) -> int:
    """Forget tokens and subscribers of long ago, and return how many."""
    return await store.prune(conn)


async def set_push(conn: Connection, subscriber: str, endpoint: str, secret: str | None, state: str) -> None:
    """Push a subscriber's tokens from now on, or keep them until it is enabled again."""
    await store.set_push(conn, subscriber, endpoint, secret, state)


async def end_push(conn: Connection, subscriber: str) -> None:
    """Have a subscriber poll again; what waits goes on waiting. Raises NothingPushed."""
    if not await store.end_push(conn, subscriber):
        raise NothingPushed("Nothing is pushed to this subscriber.")


async def claim(conn: Connection) -> list[Record]:
    """Tokens to push now, a few of each subscriber."""
    return await store.claim(conn, AT_ONCE)


async def settle(conn: Connection, outcomes: Sequence[tuple[Record, Outcome]]) -> None:
    """Forget what was taken, or refused for good; a subscriber in trouble is tried ever more rarely, then paused."""
    now = datetime.now(UTC)
    told: list[tuple[str, UUID]] = []
    next_: dict[str, tuple[str, int, datetime | None, str | None]] = {}
    for event, outcome in outcomes:
        name, failures = event["subscriber"], event["attempts"] + 1
        if outcome.result == "done" or outcome.status == REFUSED:
            told.append((name, event["jti"]))
            next_.setdefault(name, (name, 0, now, None))
        else:
            again = next_push(failures, outcome.wait, now) if outcome.result == "later" else None
            next_[name] = (name, failures, again, outcome.detail)
    await store.settle(conn, told, list(next_.values()))
