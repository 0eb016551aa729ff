"""Security event tokens: what subscribers are still to be told, and what was received."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.directory.domain.person import Person
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "scim_events")


async def announce(conn: Connection, before: Mapping[str, Person], after: Mapping[str, Person]) -> None:
    """Keep for every subscriber what has happened to people between two states."""
    told = [
        (person.public.person_id, happened)
        for number, person in after.items()
        if (happened := kind(before.get(number), person)) is not None
    ]
    await announce_all(conn, told)


async def announce_all(conn: Connection, told: Sequence[tuple[UUID, str]]) -> None:
    """Keep these for every subscriber."""
    if told:
        await conn.execute(SQL.announce, *map(list, zip(*told, strict=True)))


async def announce_groups(conn: Connection, ids: Sequence[UUID], kind: str) -> None:
    """Keep for every subscriber who is told of them what has happened to groups."""
    if ids:
        await conn.execute(SQL.announce_groups, ids, kind)


async def announce_feed(conn: Connection, group_id: UUID, members: Sequence[UUID]) -> None:
    """Tell those who follow a role, before it holds these, whom it gains and loses."""
    await conn.execute(SQL.announce_feed, group_id, members)


async def set_feed(conn: Connection, subscriber: str, group_id: UUID | None) -> None:
    """Tell a subscriber of a role's members alone, the present ones first; None tells of everybody."""
    await conn.execute(SQL.set_feed, subscriber, group_id)
    if group_id is not None:
        await conn.execute(SQL.announce_members, subscriber, group_id)


async def known_as(conn: Connection, kind: str, resource_id: UUID, sender_id: str) -> None:
    """Remember the id that the sender of event tokens has for one of the Users or Groups."""
    await conn.execute(SQL.account_known_as if kind == "Users" else SQL.group_known_as, resource_id, sender_id)


async def take(conn: Connection, issuer: str, jti: str) -> bool:
    """Claim a received token; False when it came before."""
    return bool(await conn.fetchval(SQL.take, issuer, jti))


async def poll(conn: Connection, subscriber: str, acknowledged: Sequence[UUID], limit: int) -> list[Record]:
    """Forget what a subscriber has, and return what waits for it, the oldest first; one more where there are more."""
    await conn.execute(SQL.subscribe, subscriber)
    await conn.execute(SQL.acknowledge, subscriber, acknowledged)
    return list(await conn.fetch(SQL.waiting, subscriber, limit + 1))


async def verify(conn: Connection, subscriber: str, state: str | None) -> None:
    """Keep a token for one subscriber that is about nobody."""
    await conn.execute(SQL.subscribe, subscriber)
    await conn.execute(SQL.verify, subscriber, state)


async def set_push(conn: Connection, subscriber: str, endpoint: str, secret: str | None, state: str) -> None:
    """Push a subscriber's tokens from now on, or pause."""
    await conn.execute(SQL.set_push, subscriber, endpoint, secret, state)


async def end_push(conn: Connection, subscriber: str) -> bool:
    """Have a subscriber poll again; False where nothing was pushed."""
    return bool(await conn.fetchval(SQL.end_push, subscriber))


async def claim(conn: Connection, limit: int) -> list[Record]:
    """The oldest tokens of each subscriber who is due, with where they go."""
    return list(await conn.fetch(SQL.claim_pushes, limit))


async def settle(conn: Connection, told: Sequence[tuple[str, UUID]], next_: Sequence[tuple[Any, ...]]) -> None:
    """Forget what is known; of each subscriber: failures in a row, when next (None pauses), and why."""
    await conn.execute(SQL.forget_pushed, [name for name, _ in told], [jti for _, jti in told])
    await conn.execute(SQL.settle_pushes, *map(list, zip(*next_, strict=True)))


async def prune(conn: Connection) -> int:
    """Forget old tokens and subscribers who have gone; returns how many."""
    return int(await conn.fetchval(SQL.prune_received)) + int(await conn.fetchval(SQL.prune_subscribers))


def kind(before: Person | None, after: Person) -> str | None:
    """What has happened to somebody as SCIM shows them; None where nothing has."""
    if before is None:
        return "create"
    if before.here != after.here:
        return "activate" if after.here else "deactivate"
    return None if _shown(before) == _shown(after) else "patch"


def _shown(person: Person) -> tuple[object, ...]:
    told = person.public.version, person.contact.version
    return *told, person.given_name, person.family_name, person.job_title, person.employment_type
