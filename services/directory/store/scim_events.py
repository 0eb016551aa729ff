"""Security event tokens: what subscribers are still to be told, and what was received."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.directory.domain.person import Person
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "scim_events")


async def announce(conn: Connection, before: Mapping[str, Person], after: Mapping[str, Person]) -> None:
    """Keep for every subscriber what has happened to people between two states."""
    told = [
        (person.public.person_id, kind)
        for number, person in after.items()
        if (kind := _kind(before.get(number), person)) is not None
    ]
    await announce_all(conn, told)


async def announce_all(conn: Connection, told: Sequence[tuple[UUID, str]]) -> None:
    """Keep these for every subscriber."""
    if told:
        await conn.execute(SQL.announce, *map(list, zip(*told, strict=True)))


async def take(conn: Connection, issuer: str, jti: str) -> bool:
    """Claim a received token; False when it came before."""
    return bool(await conn.fetchval(SQL.take, issuer, jti))


async def poll(conn: Connection, subscriber: str, acknowledged: Sequence[UUID], limit: int) -> list[Record]:
    """Forget what a subscriber has, and return what waits for it, the oldest first; one more where there are more."""
    await conn.execute(SQL.subscribe, subscriber)
    await conn.execute(SQL.acknowledge, subscriber, acknowledged)
    return list(await conn.fetch(SQL.waiting, subscriber, limit + 1))


async def prune(conn: Connection) -> int:
    """Forget old tokens and subscribers who have gone; returns how many."""
    return int(await conn.fetchval(SQL.prune_received)) + int(await conn.fetchval(SQL.prune_subscribers))


def _kind(before: Person | None, after: Person) -> str | None:
    if before is None:
        return "create"
    if before.here != after.here:
        return "activate" if after.here else "deactivate"
    same = before.public is after.public and before.contact is after.contact
    return None if same else "patch"
