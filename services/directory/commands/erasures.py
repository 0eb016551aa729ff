"""Forgets people: here at once, and in every other service by its receipt."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from services.directory.commands.holds import hold_erasures
from services.directory.commands.people import Causes, refresh
from services.directory.domain.account import emails
from services.directory.domain.refusals import UnderLegalHold, UnknownPerson
from services.directory.store import accounts as accounts_store
from services.directory.store import erasures as store
from services.directory.store import exports as exports_store
from services.directory.store import feeds as feeds_store
from services.directory.store import holds as holds_store
from services.directory.store import people as people_store
from services.directory.store import proficiency as proficiency_store
from services.directory.store import records as records_store
from services.directory.store import scim_events
from services.directory.store import units as units_store
from shared import outbox
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.base import Event
from shared.events.directory import ContactErased, PersonErased
from shared.events.hr import WorkerErased
from shared.events.privacy import ErasureCompleted, ErasureRequested
from shared.events.topics import SERVICES
from shared.privacy.forgetting import forget
from shared.privacy.holds import under_hold
from shared.telemetry import ERASURE_AGE

LEAVERS = 200


async def erase_person(conn: Connection, person_id: UUID, now: datetime) -> UUID:
    """Forget a person and return the number of the request; asked again, the same one. Raises UnknownPerson."""
    await people_store.lock_chart(conn)
    if earlier := await store.of_person(conn, person_id):
        return earlier
    person, account = await people_store.lock_one(conn, person_id), await accounts_store.lock(conn, person_id)
    number = person.employee_number if person else account.number if account else None
    if number is None:
        raise UnknownPerson("There is no such person.")
    return (await erase_workers(conn, [number], {}, now))[0].request_id


async def erase_told(conn: Connection, told: Mapping[str, Envelope[WorkerErased]], now: datetime) -> None:
    """Forget workers who are told erased, by number.

    Where HR says so of many who are here, an operator has to say so first. Our own word is of what was decided: read
    again, by an empty or a restored database, it waits for nobody.
    """
    await people_store.lock_chart(conn)
    by_hr = [number for number, envelope in told.items() if envelope.source != envelope.data.source]
    here = {
        person.public.person_id: number
        for number, person in (await people_store.lock(conn, by_hr)).items()
        if person.here
    }
    held = await hold_erasures(conn, here, now)
    await erase_workers(conn, sorted(told.keys() - held), told, now)


async def erase_workers(
    conn: Connection, numbers: Sequence[str], causes: Causes, now: datetime
) -> list[ErasureRequested]:
    """Forget workers, known or not, for good; reports lose their manager, and blocks that name them are lifted.

    An account that has made nobody yet is somebody as well: an identity system has told a name or an address.

    Raises UnderLegalHold, naming how many, when somebody's data must be kept.
    """
    await people_store.lock_chart(conn)
    people = await people_store.lock(conn, numbers)
    accounts = await accounts_store.of_workers(conn, numbers)
    whose = {account.account_id: number for number, account in accounts.items()}
    whose |= {person.public.person_id: number for number, person in people.items()}
    ids = sorted(whose)
    if held := await under_hold(conn, ids):
        raise UnderLegalHold("A legal hold stands: nobody may erase this person's data now.", people=len(held))
    addresses = [person.contact.email for person in people.values()]
    addresses += [email for account in accounts.values() for email in emails(account.resource)]
    await forget(conn, [*numbers, *map(str, ids), *addresses])
    await exports_store.forget(conn, ids)
    news = sorted(set(numbers) - await records_store.forgotten(conn, numbers))
    await records_store.remember_erased(conn, numbers)
    await scim_events.announce_all(conn, [(person_id, "delete") for person_id in ids])
    await accounts_store.forget(conn, numbers, ids, addresses)
    rows = await records_store.delete(conn, numbers)
    await proficiency_store.mark_endorsed_stale(conn, ids)
    await feeds_store.delete_workers(conn, numbers)
    await holds_store.forget(conn, ids)
    await people_store.delete(conn, ids)
    await people_store.mark_reports_stale(conn, news, ())
    await people_store.forget_managers(conn, news)
    await records_store.forget_managers(conn, news)
    await units_store.forget_heads(conn, news)
    if not ids:
        return []
    requests = [ErasureRequested(request_id=uuid4(), person_id=person_id, requested_on=now.date()) for person_id in ids]
    await store.insert(conn, requests)
    await store.insert_receipts(
        conn,
        [
            ErasureCompleted(
                request_id=request.request_id,
                person_id=request.person_id,
                service="directory",
                rows=1 + rows.get(whose[request.person_id], 0),
            )
            for request in requests
        ],
    )
    events: list[tuple[Event, Envelope[Event] | None]] = []
    for request in requests:
        person_id, number = request.person_id, whose[request.person_id]
        cause = causes.get(number)
        events += [
            # HR's own topic still holds them: read again, it would bring them back.
            (WorkerErased(employee_number=number), cause),
            (PersonErased(person_id=person_id), cause),
            (ContactErased(person_id=person_id), cause),
            (request, cause),
        ]
    await outbox.append_all(conn, events)
    await people_store.forget_blocks(conn, ids)
    await refresh(conn, causes, now)
    return requests


async def record_receipts(conn: Connection, receipts: Sequence[ErasureCompleted]) -> None:
    """Keep the services' receipts; duplicates are harmless."""
    await store.insert_receipts(conn, receipts)


async def erase_leavers(conn: Connection, before: datetime) -> int:
    """Forget those who left before that moment, some at a time, but for legal holds; returns how many."""
    numbers = await store.long_gone(conn, before.date(), LEAVERS)
    if numbers:
        await erase_workers(conn, numbers, {}, datetime.now(before.tzinfo))
    return len(numbers)


async def watch_erasures(conn: Connection) -> int:
    """Close what all services have answered, measure how long the oldest other one waits; returns how many closed."""
    closed = await store.close_answered(conn, SERVICES)
    ERASURE_AGE.set(await store.oldest_waiting(conn))
    return closed
