"""Accounts in the database."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.directory.domain import account as domain
from services.directory.domain.account import Account
from shared import sql
from shared.db import Connection, Record
from shared.events.hr import WorkerUpserted

SQL = sql.load("services.directory", "accounts")


async def lock(conn: Connection, account_id: UUID) -> Account | None:
    """One account."""
    row = await conn.fetchrow(SQL.lock_account, account_id)
    return _account(row) if row else None


async def of_workers(conn: Connection, numbers: Iterable[str]) -> dict[str, Account]:
    """The accounts of workers, removed ones too, by employee number."""
    rows = await conn.fetch(SQL.accounts_of_workers, list(numbers))
    return {row["number"]: _account(row) for row in rows}


async def user_name_taken(conn: Connection, user_name: str, but: UUID) -> bool:
    """Whether another account has the name, whatever its case."""
    return await conn.fetchval(SQL.user_name_taken, user_name, but) is not None


async def find_by_number(conn: Connection, number: str) -> UUID | None:
    """Whose employee number it is."""
    found: UUID | None = await conn.fetchval(SQL.find_by_number, number)
    return found


async def find_by_email(conn: Connection, email: str) -> list[Record]:
    """People at this address who have no account; `works` where HR says that they are here."""
    return list(await conn.fetch(SQL.find_by_email, email))


async def save(
    conn: Connection,
    account_id: UUID,
    number: str,
    resource: Mapping[str, Any],
    kept: Mapping[str, Any],
    said: Mapping[str, str],
    *,
    laid_over: bool,
) -> None:
    """Write an account: of the resource what is kept, and what that says of a worker."""
    await conn.execute(
        SQL.save_account,
        account_id,
        number,
        laid_over,
        kept,
        said,
        domain.manager(kept),
        resource.get("active") is not False,
        resource["userName"],
        resource.get("externalId"),
        domain.emails(resource),
        resource.get("displayName"),
    )


async def remove(conn: Connection, account_id: UUID, number: str) -> None:
    """Deprovision somebody."""
    await conn.execute(SQL.remove_account, account_id, number)


async def delete(conn: Connection, account_id: UUID) -> None:
    """Delete an account nobody stands behind."""
    await conn.execute(SQL.delete_account, account_id)


async def seen_by_hr(conn: Connection, person_id: UUID) -> dict[str, Any]:
    """A person as SCIM shows them before an identity system has spoken of them."""
    found: dict[str, Any] | None = await conn.fetchval(SQL.seen_by_hr, person_id)
    return found or {}


async def renumber_person(conn: Connection, person_id: UUID, number: str) -> None:
    """Give a person the employee number that has come to be known."""
    await conn.execute(SQL.renumber_person, person_id, number)


async def adopt(conn: Connection, workers: Sequence[WorkerUpserted]) -> list[str]:
    """Let accounts that came before HR's first word belong to the worker; returns their provisional numbers."""
    told = {worker.employee_number: worker for worker in workers}
    emails = [worker.work_email for worker in told.values()]
    names = [f"{worker.given_name} {worker.family_name}" for worker in told.values()]
    rows = await conn.fetch(SQL.adopt_accounts, list(told), emails, names)
    return [row["provisional"] for row in rows]


async def mark_managed_stale(conn: Connection, manager_ids: Sequence[UUID]) -> None:
    """Have those derived anew whose accounts name these as their manager."""
    await conn.execute(SQL.mark_managed_stale, manager_ids)


async def mark_holders_stale(conn: Connection) -> int:
    """Have everybody derived anew who has an account; returns how many."""
    return int((await conn.execute(SQL.mark_holders_stale)).split()[-1])


async def erased(conn: Connection, names: Sequence[str]) -> bool:
    """Whether any of these names was erased with its holder."""
    return bool(await conn.fetchval(SQL.erased, names))


async def forget(conn: Connection, numbers: Sequence[str], ids: Sequence[UUID], names: Sequence[str]) -> None:
    """Delete workers' accounts and memberships, and never let their names be provisioned again."""
    await conn.execute(SQL.remember_erased, names, numbers)
    await conn.execute(SQL.delete_erased, numbers, ids)


def _account(row: Record) -> Account:
    names = ("account_id", "number", "version", "created_at", "changed_at", "laid_over", "active", "resource")
    values = {name: row[name] for name in names}
    return Account(
        **values,
        removed=row["removed_at"] is not None,
        worker=row["worker"],
        manager_id=row["manager_id"],
        manager_number=row["manager_number"],
    )
