"""Makes one person of two ids: an account that had no employee number, and the worker at its address."""

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from services.directory.commands.people import Causes, project, refresh
from services.directory.domain.account import provisional
from services.directory.domain.duplicates import Pair, certain, never_here, one_profile
from services.directory.domain.person import Person
from services.directory.domain.profile import NOTHING_SAID
from services.directory.domain.refusals import NoDuplicate, UnderLegalHold
from services.directory.store import accounts as accounts_store
from services.directory.store import duplicates as store
from services.directory.store import exports as exports_store
from services.directory.store import holds as holds_store
from services.directory.store import people as people_store
from services.directory.store import proficiency as proficiency_store
from services.directory.store import records as records_store
from services.directory.store import scim_events
from shared import outbox
from shared.db import Connection
from shared.events.base import Event
from shared.events.directory import ContactErased, PersonErased
from shared.privacy.forgetting import forget
from shared.privacy.holds import under_hold

log = logging.getLogger(__name__)


def moved(known: Mapping[str, Person], people: Mapping[str, Person]) -> list[str]:
    """Who has another address than before, or is back; of the new it is known already which account is theirs."""
    return [
        number
        for number, person in people.items()
        if number in known
        and (known[number].contact.email != person.contact.email or known[number].here != person.here)
    ]


async def merge_workers(conn: Connection, numbers: Collection[str], causes: Causes, now: datetime) -> None:
    """Make one person of each of these workers and the account at their address, where there is no doubt of it.

    Where there is, an operator reads of it in the log and in the list of duplicates.
    """
    found = await _pairs(conn, numbers) if numbers else []
    for pair in certain(found):
        await _merge(conn, pair, pair.keep, causes, now)
    if doubtful := len(found) - len(certain(found)):
        log.warning("accounts and workers may be the same people", extra={"fields": {"pairs": doubtful}})


async def merge_account(conn: Connection, account_id: UUID, person_id: UUID, now: datetime, *, named: bool) -> bool:
    """Let an account that stays what it is be this worker, whose number it may have `named`.

    False where there is doubt, or something has been said and done under the worker's id.
    """
    pair = await _pair(conn, account_id, person_id)
    if pair is None or pair.worker_used:
        return False
    if not named and pair not in certain(await _pairs(conn, [pair.employee_number])):
        return False
    await _merge(conn, pair, account_id, {}, now)
    return True


async def merge_duplicate(conn: Connection, account_id: UUID, person_id: UUID, keep: UUID, now: datetime) -> None:
    """Make one person of two, as somebody has decided. Raises NoDuplicate or UnderLegalHold."""
    await people_store.lock_chart(conn)
    pair = await _pair(conn, account_id, person_id)
    if pair is None:
        raise NoDuplicate("These are not an account without an employee number and a worker without an account.")
    await _merge(conn, pair, keep, {}, now)


async def _pair(conn: Connection, account_id: UUID, person_id: UUID) -> Pair | None:
    row = await store.pair(conn, account_id, person_id)
    return Pair(**dict(row)) if row else None


async def _pairs(conn: Connection, numbers: Iterable[str]) -> list[Pair]:
    """Of the accounts at these workers' addresses."""
    accounts = await store.accounts_at(conn, numbers)
    return [Pair(**dict(row)) for row in await store.pairs(conn, accounts)] if accounts else []


async def _merge(conn: Connection, pair: Pair, keep: UUID, causes: Causes, now: datetime) -> None:
    account_id, person_id, number = pair.account_id, pair.person_id, pair.employee_number
    gone = person_id if keep == account_id else account_id
    if await under_hold(conn, [gone]):
        raise UnderLegalHold("A legal hold stands: this id cannot be given up.", people=1)
    before = await people_store.lock_ids(conn, [account_id, person_id])
    if keep == account_id:
        standing = await records_store.applied(conn, [before[person_id]])
        await store.give_number(conn, account_id, person_id, number)
        await scim_events.announce_all(conn, [(person_id, "delete")])
        await project(conn, await people_store.lock(conn, [number]), standing, causes, now)
    else:
        await store.move_account(conn, account_id, person_id, number)
        await scim_events.announce_all(conn, [(account_id, "delete")])
    if gone in before:
        await proficiency_store.mark_endorsed_stale(conn, [gone])
        await store.move(conn, gone, keep)
        profile = one_profile(
            before[keep].profile if keep in before else NOTHING_SAID, before[gone].profile, (account_id, person_id)
        )
        await store.keep_profile(conn, keep, profile.model_dump(mode="json", exclude_none=True))
        used = pair.worker_used if gone == person_id else pair.account_used
        await _forget(conn, before[gone], used=used)
    else:
        await proficiency_store.mark_people_stale(conn, [keep])
    await people_store.mark_reports_stale(conn, [number, provisional(account_id)], ())
    await accounts_store.mark_managed_stale(conn, [keep])
    await refresh(conn, causes, now)


async def _forget(conn: Connection, person: Person, *, used: bool) -> None:
    """An id that nobody has any more: the other services forget it, but not what was counted under it."""
    gone = person.public.person_id
    await forget(conn, [str(gone)])
    await exports_store.forget(conn, [gone])
    await holds_store.forget(conn, [gone])
    await store.forget(conn, gone)
    told: list[Event] = [] if used else [never_here(person)]
    told += [PersonErased(person_id=gone), ContactErased(person_id=gone)]
    await outbox.append_all(conn, [(event, None) for event in told])
