"""How facilitators get ready: a checklist that recommends, and keeps nobody from it but where an item is required."""

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

from services.directory.domain.checklist import Item
from services.directory.domain.refusals import UnknownChecklistItem, UnknownPerson
from services.directory.store import facilitation as store
from services.directory.store import people as people_store
from services.directory.store import proficiency as proficiency_store
from shared.db import Connection
from shared.refusal import match_version

Outcome = Literal["recorded", "unchanged", "unknown_worker"]


class Completion(NamedTuple):
    """A training that a learning platform says somebody has completed."""

    employee_number: str
    code: str
    completed_on: date


async def set_checklist(conn: Connection, items: Sequence[Item], expected: int | None) -> None:
    """Replace the checklist. When other things are required than before, everybody concerned is published anew.

    Raises PreconditionRequired or PreconditionFailed.
    """
    match_version(await store.lock(conn), expected)
    before = {item.code for item in await store.items(conn) if item.required}
    await store.replace(conn, items)
    if before != {item.code for item in items if item.required}:
        await proficiency_store.mark_facilitators_stale(conn)


async def record_completions(conn: Connection, told: Sequence[Completion]) -> list[Outcome]:
    """Keep what a learning platform tells, and say of each what came of it."""
    people = await store.find_people(conn, {one.employee_number for one in told})
    known = [(people[one.employee_number], one.code, one.completed_on) for one in told if one.employee_number in people]
    news = await store.complete(conn, known)
    await _tell_gate(conn, news)
    outcomes: list[Outcome] = []
    for one in told:
        person_id = people.get(one.employee_number)
        if person_id is None:
            outcomes.append("unknown_worker")
        else:
            outcomes.append("recorded" if (person_id, one.code) in news else "unchanged")
    return outcomes


async def tick(conn: Connection, person_id: UUID, code: str, today: date, *, done: bool) -> None:
    """Say of oneself that an item is done, or is not after all. Raises UnknownPerson or UnknownChecklistItem."""
    person = await people_store.lock_one(conn, person_id)
    if person is None or not person.here:
        raise UnknownPerson("There is no such person.")
    if not any(item.code == code and item.kind == "self" for item in await store.items(conn)):
        raise UnknownChecklistItem("There is no such item that you could tick yourself.")
    if done:
        await store.complete(conn, [(person_id, code, today)])
    else:
        await store.undo(conn, person_id, code)
    await _tell_gate(conn, {(person_id, code)})


async def _tell_gate(conn: Connection, news: set[tuple[UUID, str]]) -> None:
    required = {item.code for item in await store.items(conn) if item.required}
    concerned = {person_id for person_id, code in news if code in required}
    if concerned:
        await proficiency_store.mark_people_stale(conn, sorted(concerned))
