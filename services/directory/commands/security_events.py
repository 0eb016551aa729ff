"""Security event tokens: each is taken once; subscribers are told until they say that they know."""

from collections.abc import Sequence
from uuid import UUID

from services.directory.store import scim_events as store
from shared.db import Connection, Record


async def take_token(conn: Connection, issuer: str, jti: str) -> bool:
    """Claim a token; False when it has had its effect before."""
    return await store.take(conn, issuer, jti)


async def poll(conn: Connection, subscriber: str, known: Sequence[UUID], limit: int) -> list[Record]:
    """Forget what a subscriber knows, and return what it does not; one more than `limit` where there are more."""
    return await store.poll(conn, subscriber, known, limit)


async def prune_tokens(conn: Connection) -> int:
    """Forget tokens and subscribers of long ago, and return how many."""
    return await store.prune(conn)
