"""Takes what an identity system says: accounts become people, or belong to those HR has told of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from services.directory.commands.duplicates import merge_account
from services.directory.commands.holds import refuse_mass
from services.directory.commands.people import alone, project, refresh, standing
from services.directory.domain.account import (
    UNDATED,
    Account,
    emails,
    employee_number,
    full_name,
    is_complete,
    provisional,
)
from services.directory.domain.account import worker as said_of
from services.directory.domain.names import check_account
from services.directory.domain.person import Person
from services.directory.domain.refusals import NotYours, Taken, UnknownResource
from services.directory.store import accounts as store
from services.directory.store import people as people_store
from services.directory.store import records as records_store
from services.directory.store import scim_events
from shared.db import Connection, Record
from shared.refusal import PreconditionFailed

Resource = Mapping[str, Any]


async def lock(conn: Connection) -> None:
    """Let one transaction at a time read and then write accounts."""
    await people_store.lock_chart(conn)


async def derive_holders(conn: Connection) -> int:
    """Have whoever has an account derived anew, by the rules of precedence that are set now; returns how many."""
    await people_store.lock_chart(conn)
    return await store.mark_holders_stale(conn)


async def provision(conn: Connection, resource: Resource, now: datetime) -> UUID:
    """Take a new account and return its id: that of the person whose number or address it names, where there is one.

    Raises Taken when another account, or somebody erased, has its name or number, or two people its addresses.
    """
    await people_store.lock_chart(conn)
    resource = {"active": True, **resource}
    number = employee_number(resource)
    check_account(resource, None)
    account_id = await _whose(conn, resource, number) or uuid4()
    account, person = await _known(conn, account_id)
    if account is not None and not account.removed:
        raise Taken("Another account stands for this employee.")
    await _refuse_taken(conn, resource, account_id)
    await _refuse_erased(conn, resource, number)
    if resource["active"] is False and person is not None and person.here:
        await refuse_mass(conn, account_id, "deactivation", now)
    await _save(conn, account_id, _number(account_id, number, account, person), resource, account, person)
    await _apply(conn, account_id, person, now)
    return account_id


async def change(
    conn: Connection,
    account_id: UUID,
    resource: Resource,
    version: str | None,
    now: datetime,
    *,
    approved: bool = False,
) -> None:
    """Take the whole new state of an account; of one laid over what HR says, only what differs from that is kept.

    Raises UnknownResource, PreconditionFailed, Taken (where the address is somebody else's, too), NotYours for an
    employee number that HR gave, or LeaversHeld unless somebody has `approved` of how many leave.
    """
    await people_store.lock_chart(conn)
    account, person = await _known(conn, account_id)
    if (account is None and person is None) or (account is not None and account.removed):
        raise UnknownResource("There is no such account.")
    _match(account, version)
    over = await store.seen_by_hr(conn, account_id) if account is None or account.laid_over else None
    check_account(resource, {**(over or {}), **(account.resource if account is not None else {})})
    await _refuse_taken(conn, resource, account_id)
    if resource.get("active") is False and person is not None and person.here and not approved:
        await refuse_mass(conn, account_id, "deactivation", now)
    if other := await _becomes(conn, account_id, resource, account):
        await _save(conn, account_id, provisional(account_id), resource, account, person, over)
        if not await merge_account(conn, account_id, other, now, named=employee_number(resource) is not None):
            raise Taken("Somebody else is known by this: delete this account and provision it anew, and it is theirs.")
        return
    number = await _renumbered(conn, account_id, employee_number(resource), account, person)
    if person is not None and number != person.employee_number:
        await store.renumber_person(conn, account_id, number)
        await people_store.mark_reports_stale(conn, [person.employee_number], ())
        person = await people_store.lock_one(conn, account_id)
    await _save(conn, account_id, number, resource, account, person, over)
    await _apply(conn, account_id, person, now)
    after = await people_store.lock_one(conn, account_id)
    if person is not None and after is not None and scim_events.kind(person, after) is None:
        # What only the identity system knows, a nickname for one, has changed nobody here.
        await scim_events.announce_all(conn, [(account_id, "patch")])


async def deactivate(conn: Connection, account_id: UUID, now: datetime) -> None:
    """Let an account's holder in no more, when an operator has approved of that. Raises UnknownResource."""
    account = await store.lock(conn, account_id)
    shown = await store.seen_by_hr(conn, account_id) if account is None or account.laid_over else {}
    resource = {**shown, **(account.resource if account is not None else {}), "active": False}
    await change(conn, account_id, resource, None, now, approved=True)


async def deprovision(
    conn: Connection, account_id: UUID, version: str | None, now: datetime, *, approved: bool = False
) -> None:
    """Take an account away; whoever stood behind it has left. Raises as `change`."""
    await people_store.lock_chart(conn)
    account, person = await _known(conn, account_id)
    if (account is None and person is None) or (account is not None and account.removed):
        raise UnknownResource("There is no such account.")
    _match(account, version)
    if person is None:
        await store.delete(conn, account_id)
        return
    if person.here and not approved:
        await refuse_mass(conn, account_id, "deprovisioning", now)
    await store.remove(conn, account_id, person.employee_number)
    await _apply(conn, account_id, person, now)
    await scim_events.announce_all(conn, [(account_id, "delete")])


async def _whose(conn: Connection, resource: Resource, number: str | None) -> UUID | None:
    if number is not None:
        return await store.find_by_number(conn, number)
    candidates = [resource["userName"], *emails(resource)]
    found = {found for email in candidates if (found := await _at(conn, email, resource))}
    if len(found) > 1:
        raise Taken("Its addresses are those of two people: nobody can tell whose account it is.")
    return found.pop() if found else None


async def _at(conn: Connection, email: str, resource: Resource) -> UUID | None:
    """Whoever works here at this address, else whoever had it and is called the same: addresses change hands."""
    people = await store.find_by_email(conn, email)
    name = full_name(said_of(resource))
    there = [one for one in people if one["works"]] or [one for one in people if name in {None, *_names(one)}]
    return there[0]["person_id"] if len(there) == 1 else None


def _names(person: Record) -> set[str | None]:
    return {full_name(dict(person)), full_name({"display_name": person["display_name"]})}


async def _becomes(conn: Connection, account_id: UUID, resource: Resource, account: Account | None) -> UUID | None:
    """The worker that an account comes to name which named nobody before. Raises Taken."""
    if account is None or account.number != provisional(account_id) or resource.get("active") is False:
        return None
    found = await _whose(conn, resource, employee_number(resource))
    if found in {None, account_id} or (account.says_active and found == await _whose(conn, account.resource, None)):
        return None
    return found


async def _known(conn: Connection, account_id: UUID) -> tuple[Account | None, Person | None]:
    return await store.lock(conn, account_id), await people_store.lock_one(conn, account_id)


def _number(account_id: UUID, number: str | None, account: Account | None, person: Person | None) -> str:
    if person is not None:
        return person.employee_number
    return number or (account.number if account is not None else provisional(account_id))


async def _renumbered(
    conn: Connection, account_id: UUID, number: str | None, account: Account | None, person: Person | None
) -> str:
    standing_number = _number(account_id, None, account, person)
    if number is None or number == standing_number:
        return standing_number
    if person is not None and person.record != UNDATED:
        raise NotYours("The employee number is HR's: provision the other worker anew.", field="employeeNumber")
    if await store.find_by_number(conn, number):
        raise Taken("Another person has this employee number.")
    return number


async def _refuse_taken(conn: Connection, resource: Resource, account_id: UUID) -> None:
    if await store.user_name_taken(conn, resource["userName"], account_id):
        raise Taken("Another account has this userName.")


async def _refuse_erased(conn: Connection, resource: Resource, number: str | None) -> None:
    names = [resource["userName"], resource.get("externalId"), *emails(resource)]
    gone = (
        await records_store.forgotten(conn, [number]) if number else await store.erased(conn, [n for n in names if n])
    )
    if gone:
        raise Taken("This was the account of somebody who was erased; nobody brings them back.")


def _match(account: Account | None, version: str | None) -> None:
    if version is not None and account is not None and version != account.tag:
        raise PreconditionFailed("It has changed since the version you have seen: read it again.")


async def _save(
    conn: Connection,
    account_id: UUID,
    number: str,
    resource: Resource,
    account: Account | None,
    person: Person | None,
    over: Resource | None = None,
) -> None:
    kept = resource if over is None else {name: value for name, value in resource.items() if over.get(name) != value}
    said = said_of(kept)
    if person is not None and person.record == UNDATED and account is not None and not is_complete(said):
        said = {**account.worker, **said}
    await store.save(conn, account_id, number, resource, kept, said, laid_over=over is not None)


async def _apply(conn: Connection, account_id: UUID, person: Person | None, now: datetime) -> None:
    """Derive whoever stands behind the account; nobody does until it is complete and has been active once."""
    account = await store.lock(conn, account_id)
    if account is None:
        return
    if person is not None:
        known = {person.employee_number: person}
        records = await standing(conn, [person])
    elif account.says_active and is_complete(account.worker):
        known, records = {}, {account.number: alone(account)}
    else:
        return
    people = await project(conn, known, records, {}, now)
    if any(one.here for one in people.values()) != (person is not None and person.here):
        await people_store.mark_reports_stale(conn, people, people)
        await store.mark_managed_stale(conn, [account_id])
    await refresh(conn, {}, now)
