"""Who belongs where from when on, and who is forgotten."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from uuid import UUID, uuid4

from services.metrics import store
from services.metrics.commands import statements
from shared import outbox
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.directory import PersonChanged, PersonErased
from shared.events.privacy import ErasureCompleted, ErasureRequested
from shared.privacy.forgetting import forget

SERVICE = "metrics"


async def own_history(conn: Connection) -> None:
    """Nobody else reads or writes people's history until the transaction ends."""
    await conn.execute(store.PEOPLE.own_membership)


async def change_people(conn: Connection, events: Sequence[PersonChanged]) -> None:
    """Write people's history; facts that it explains better move to the unit their person belonged to then."""
    await own_history(conn)
    changed = await store.apply_membership(conn, events)
    if changed:
        await store.refresh_spans(conn, changed)
        await conn.execute(store.PEOPLE.reattribute, changed)


async def erase_people(
    conn: Connection, told: Sequence[Envelope[PersonErased] | Envelope[ErasureRequested]]
) -> Mapping[UUID, int]:
    """Forget people, once: returns for each how many rows were theirs. Nothing that comes later brings them back.

    They leave on the day it was told, so that a store that is made anew has them leave on the same one.
    """
    days = {each.data.person_id: each.time.astimezone(UTC).date() for each in reversed(told)}
    wanted = sorted(days)
    await forget(conn, [str(person) for person in wanted])
    await own_history(conn)
    people = [row["person_id"] for row in await conn.fetch(store.PEOPLE.remember_erasure, wanted)]
    if people:
        await statements.withdraw_people(conn, people)
        await _pseudonymise(conn, people, [days[person] for person in people])
    return {row["person_id"]: row["touched"] for row in await conn.fetch(store.PEOPLE.erasures, wanted)}


async def _pseudonymise(conn: Connection, people: list[UUID], days: list[date]) -> None:
    """Random ids in place of people's; which became which is written nowhere."""
    pseudonyms = [uuid4() for _ in people]
    touched: Counter[UUID] = Counter()
    queries = store.PEOPLE
    await conn.execute(queries.note_pseudonyms, pseudonyms)
    others = (
        store.SKILLS.erase_person_skills, store.LEARNINGS.erase, store.REPORTS.erase,
        store.TOLD.erase_acknowledgements, store.TOLD.erase_time_budgets,
    )  # fmt: skip
    for query in (queries.erase_facts, queries.erase_facilitation, queries.erase_membership, *others):
        touched.update(row["person_id"] for row in await conn.fetch(query, people, pseudonyms))
    for person, pseudonym in zip(people, pseudonyms, strict=True):
        # One at a time: two people of one match cannot be replaced in one statement.
        touched.update(row["person_id"] for row in await conn.fetch(queries.erase_matches, [person], [pseudonym]))
    await conn.execute(queries.end_membership, pseudonyms, days)
    await store.refresh_spans(conn, [*people, *pseudonyms])
    await conn.execute(queries.count_erased, list(touched), list(touched.values()))


async def answer_erasures(conn: Connection, requests: Sequence[Envelope[ErasureRequested]]) -> None:
    """Forget the people asked for and send a receipt for each request."""
    touched = await erase_people(conn, requests)
    receipts = [
        ErasureCompleted(
            request_id=request.data.request_id,
            person_id=request.data.person_id,
            service=SERVICE,
            rows=touched[request.data.person_id],
        )
        for request in requests
    ]
    await outbox.append_all(conn, zip(receipts, requests, strict=True))
