"""Two ids of one person in the database."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID, uuid4

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "duplicates")


async def pairs(conn: Connection, account_ids: Sequence[UUID]) -> list[Record]:
    """Those of these accounts that have no employee number, each with the workers at its addresses."""
    return list(await conn.fetch(SQL.pairs, account_ids, None, None, None, None))


async def pair(conn: Connection, account_id: UUID, person_id: UUID) -> Record | None:
    """The same of one account and one worker, whatever their addresses."""
    return await conn.fetchrow(SQL.pair, account_id, person_id)


async def accounts_at(conn: Connection, numbers: Iterable[str]) -> list[UUID]:
    """Accounts without an employee number at the addresses of these workers."""
    return [row["account_id"] for row in await conn.fetch(SQL.accounts_at, list(numbers))]


async def give_number(conn: Connection, account_id: UUID, person_id: UUID, number: str) -> None:
    """Let the account, and the person it has made, be the worker with this number."""
    await conn.execute(SQL.forget_removed, person_id)
    await conn.execute(SQL.free_number, person_id)
    await conn.execute(SQL.give_number, account_id, number)


async def move_account(conn: Connection, account_id: UUID, person_id: UUID, number: str) -> None:
    """Let the worker have the account."""
    await conn.execute(SQL.forget_removed, person_id)
    await conn.execute(SQL.move_account, account_id, person_id, number)


async def move(conn: Connection, gone: UUID, kept: UUID) -> None:
    """Let what is known of the one be known of the other; it is derived anew."""
    for each in (
        SQL.move_evidence,
        SQL.move_attendances,
        SQL.move_completions,
        SQL.move_showcase,
        SQL.move_memberships,
        SQL.move_reports,
        SQL.move_blocks,
    ):
        await conn.execute(each, gone, kept)


async def keep_profile(conn: Connection, person_id: UUID, profile: dict[str, Any]) -> None:
    """Write what somebody says of themselves; they are derived anew."""
    await conn.execute(SQL.keep_profile, person_id, profile)


async def forget(conn: Connection, person_id: UUID) -> None:
    """Delete a person whose id nobody may have again."""
    await conn.execute(SQL.forget_person, person_id, uuid4())
