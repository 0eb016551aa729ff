"""Derives people from what holds now and publishes what is new about them: the one way a person changes."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID, uuid4

from services.directory.domain.account import UNDATED, Account, overlay
from services.directory.domain.account import alone as account_alone
from services.directory.domain.cycles import find_cycle
from services.directory.domain.person import Person, Surroundings, derive
from services.directory.domain.refusals import ReportingLineCycle
from services.directory.settings import provisioning
from services.directory.store import accounts as accounts_store
from services.directory.store import people as store
from services.directory.store import proficiency as proficiency_store
from services.directory.store import records as records_store
from services.directory.store import scim_events
from services.directory.store import units as units_store
from shared import outbox
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.base import Event
from shared.events.hr import WorkerUpserted

Causes: TypeAlias = Mapping[str, Envelope[Event]]
"""The HR events being handled, by employee number or unit code: what they bring about belongs to their traces."""

WRITTEN_AT_ONCE = 200
WITHOUT_PAUSE = 20
"""People derived before others have their turn at the event loop, the connection they are written by among them."""
CHUNK = 1000
CHUNKS_AT_ONCE = 5
"""More people than this, all touched by one event, wait for the timer."""


async def project(
    conn: Connection, known: Mapping[str, Person], records: Mapping[str, WorkerUpserted], causes: Causes, now: datetime
) -> dict[str, Person]:
    """Put workers under records, write them, and publish what is new. `known` are those locked before.

    Raises ReportingLineCycle, naming everybody in it.
    """
    if not records:
        return {}
    accounts = await accounts_store.of_workers(conn, records)
    precedence = provisioning().precedence.model_dump()
    records = {
        number: overlay(worker, accounts[number], precedence) if number in accounts else worker
        for number, worker in records.items()
    }
    await _refuse_cycles(conn, known, records)
    ids = {number: _id(known.get(number), accounts.get(number)) for number in records}
    around = await _surroundings(conn, records, ids)
    people: dict[str, Person] = {}
    writing: asyncio.Task[None] | None = None
    try:
        for chunk in _chunks(sorted(records, key=lambda number: ids[number])):
            made: dict[str, Person] = {}
            for at, number in enumerate(chunk):
                if at % WITHOUT_PAUSE == 0:
                    await asyncio.sleep(0)
                made[number] = derive(ids[number], records[number], around[number], known.get(number), now)
            told = await outbox.prepare(_news(known, made, causes))
            if writing:
                await writing
            # While the database writes these, the next are derived.
            writing = asyncio.create_task(_write(conn, known, made, told))
            people |= made
    finally:
        if writing:
            await writing
    await scim_events.announce(conn, known, people)
    return people


def _chunks(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(numbers), WRITTEN_AT_ONCE):
        yield numbers[start : start + WRITTEN_AT_ONCE]


async def _write(conn: Connection, known: Mapping[str, Person], made: Mapping[str, Person], told: outbox.Rows) -> None:
    await store.save(conn, made, known)
    await outbox.write(conn, told)


def _news(
    known: Mapping[str, Person], people: Mapping[str, Person], causes: Causes
) -> list[tuple[Event, Envelope[Event] | None]]:
    """What of people was not published before, with what has brought it about."""
    events: list[tuple[Event, Envelope[Event] | None]] = []
    for number, person in people.items():
        before, cause = known.get(number), _cause(person, causes)
        if before is None or before.public is not person.public:
            events.append((person.public, cause))
        if before is None or before.contact is not person.contact:
            events.append((person.contact, cause))
    return events


async def standing(conn: Connection, people: Iterable[Person]) -> dict[str, WorkerUpserted]:
    """What each person is derived from: HR's record that holds, or the account of somebody HR has not spoken of."""
    records = await records_store.applied(conn, people)
    numbers = [person.employee_number for person in people if person.record == UNDATED]
    if numbers:
        accounts = await accounts_store.of_workers(conn, numbers)
        records |= {number: alone(account) for number, account in accounts.items()}
    return records


def alone(account: Account) -> WorkerUpserted:
    """The worker an account makes by itself."""
    defaults = provisioning()
    return account_alone(account, time_zone=defaults.time_zone, country=defaults.country)


async def refresh(conn: Connection, causes: Causes, now: datetime, chunks: int = CHUNKS_AT_ONCE) -> int:
    """Derive those anew who wait for it, and return how many; they may not be all."""
    done = 0
    for _ in range(chunks):
        known = await store.lock_stale(conn, CHUNK)
        if not known:
            break
        await project(conn, known, await standing(conn, known.values()), causes, now)
        done += len(known)
    return done


async def refresh_waiting(conn: Connection, now: datetime) -> int:
    """`refresh` by itself: for those who were too many for the event that touched them."""
    if not await store.any_stale(conn):
        return 0
    await store.lock_chart(conn)
    return await refresh(conn, {}, now)


async def resolve_references(conn: Connection) -> int:
    """Have those derived anew who name a manager or a unit that has come to be known; returns how many."""
    await store.lock_chart(conn)
    return await store.mark_resolvable_stale(conn)


async def _refuse_cycles(conn: Connection, known: Mapping[str, Person], records: Mapping[str, WorkerUpserted]) -> None:
    """Look only above those who are new, are back, or have another manager: a new cycle holds one of them."""
    lines = {
        number: worker.manager_employee_number
        for number, worker in records.items()
        if worker.status != "left" and worker.manager_employee_number is not None
    }
    changed = [number for number, manager in lines.items() if not _reports_to(known.get(number), manager)]
    if not changed:
        return
    above = await store.lines_above(conn, {lines[number] for number in changed})
    stands = {number: manager for number, manager in above.items() if number not in records}
    if cycle := find_cycle({**stands, **lines}, changed):
        raise ReportingLineCycle(f"The reporting line is a cycle: {' -> '.join(cycle)}.", cycle=list(cycle))


def _id(person: Person | None, account: Account | None) -> UUID:
    if person is not None:
        return person.public.person_id
    return account.account_id if account is not None else uuid4()


def _reports_to(person: Person | None, manager: str) -> bool:
    return person is not None and person.here and person.manager_employee_number == manager


async def _surroundings(
    conn: Connection, records: Mapping[str, WorkerUpserted], ids: Mapping[str, UUID]
) -> dict[str, Surroundings]:
    """What the records' references lead to, the people of this batch included."""
    managers = await store.managers(conn, _named(worker.manager_employee_number for worker in records.values()))
    for number, worker in records.items():
        managers.pop(number, None)
        if worker.status != "left":
            managers[number] = ids[number]
    earlier = await records_store.earlier(conn, records.values())
    units = {worker.unit_code for worker in records.values()}
    units |= {state["unit_code"] for states in earlier.values() for state in states}
    paths = await units_store.paths(conn, sorted(units))
    evidence = await proficiency_store.evidence_of(conn, list(ids.values()))
    targets = await proficiency_store.targets_of_jobs(conn, _named(worker.job_code for worker in records.values()))
    replaced = await proficiency_store.replaced_skills(conn)
    not_ready = await proficiency_store.not_ready(conn, list(ids.values()))
    return {
        number: Surroundings(
            unit_path=paths.get(worker.unit_code, (worker.unit_code,)),
            manager_id=managers.get(worker.manager_employee_number or ""),
            earlier=earlier.get(number, ()),
            paths=paths,
            evidence=evidence.get(ids[number], ()),
            targets=targets.get(worker.job_code, {}),
            replaced=replaced,
            may_facilitate=ids[number] not in not_ready,
        )
        for number, worker in records.items()
    }


def _named(names: Iterable[str | None]) -> list[str]:
    return sorted({name for name in names if name is not None})


def _cause(person: Person, causes: Causes) -> Envelope[Event] | None:
    names = (person.employee_number, person.manager_employee_number or "", *reversed(person.public.unit_path))
    return next((causes[name] for name in names if name in causes), None)
