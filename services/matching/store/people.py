"""Everybody as a round sees them: rows in, the engine's people out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np

from services.matching.domain.format import BUDDY_FORMAT, KINDS
from services.matching.domain.person import company, pace, utc_offset
from services.matching.engine.people import Person
from services.matching.store.alike import Alike
from services.matching.store.programmes import Programme
from shared import sql
from shared.db import Connection, Record
from shared.events.matching import MatchKind

SQL = sql.load("services.matching", "rounds")
HOUR = 60
AT_ONCE = 2000
"""Rows read and made into people at a time, by a thread: nobody else waits for an organization to be read."""


@dataclass(frozen=True, slots=True)
class Known:
    """A person and what decides whether a round asks them."""

    person: Person
    taking_part: bool
    """Active, opted in, not paused, and willing to learn in this way: what is left is time."""


async def everybody(
    conn: Connection, programme: Programme | None, today: date, only: Sequence[UUID] | None = None
) -> list[Known]:
    """All people, or only some, with what their open matches leave of capacity and time.

    `programme` says what taking part would cost and whose earlier rounds count; without one, some minutes and none.
    """
    found: list[Known] = []
    alike = Alike()
    async for rows in _population(conn, programme.programme_id if programme else None, only):
        found += await asyncio.to_thread(_all_known, rows, today, programme, alike)
    return found


async def some(conn: Connection, programme: Programme, today: date) -> AsyncIterator[list[Known]]:
    """The same of everybody, some at a time, within a transaction."""
    alike = Alike()
    async for rows in _population(conn, programme.programme_id, None):
        yield await asyncio.to_thread(_all_known, rows, today, programme, alike)


async def numbered(conn: Connection) -> "Ids":
    """The ids of everybody there is, in order: where somebody's stands is their place in a round."""
    return Ids(await conn.fetchval(SQL.ids) or b"")


class Ids:
    """Sixteen bytes a person."""

    def __init__(self, ids: bytes) -> None:
        self._ids = np.frombuffer(ids, "S16")

    def places(self, wanted: Sequence[UUID | None]) -> list[int | None]:
        """Where each of these stands, None for who is not there."""
        if not len(self._ids) or not wanted:
            return [None] * len(wanted)
        keys = np.array([one.bytes if one else b"" for one in wanted], "S16")
        at = np.searchsorted(self._ids, keys)
        found = self._ids[np.minimum(at, len(self._ids) - 1)] == keys
        return [
            place if here and one else None
            for place, here, one in zip(at.tolist(), found.tolist(), wanted, strict=True)
        ]


async def recent_pairs(
    conn: Connection, days: int, only: Sequence[UUID] | None = None, apart_from: UUID | None = None
) -> frozenset[tuple[UUID, UUID]]:
    """Pairs that were matched in the last days: of everybody, or of some, but in one round."""
    if only is None:
        rows = await conn.fetch(SQL.recent_pairs, days)
    else:
        rows = await conn.fetch(SQL.recent_pairs_of, days, only, apart_from)
    return await asyncio.to_thread(lambda: frozenset((row["one"], row["other"]) for row in rows))


async def companions(conn: Connection, days: int, only: Sequence[UUID]) -> frozenset[tuple[UUID, UUID]]:
    """Pairs of whom the first is among these people, who are in one match of any kind, or were in the last days."""
    rows = await conn.fetch(SQL.company_of, days, only)
    return await asyncio.to_thread(lambda: frozenset((row["one"], row["other"]) for row in rows))


async def _population(
    conn: Connection, programme_id: UUID | None, only: Sequence[UUID] | None
) -> AsyncIterator[Sequence[Record]]:
    """Some people by one statement; everybody, within a transaction, by a cursor."""
    if only is not None:
        for start in range(0, len(only), AT_ONCE):
            yield await conn.fetch(SQL.population_of, programme_id, only[start : start + AT_ONCE])
        return
    cursor = await conn.cursor(SQL.population, programme_id)
    while rows := await cursor.fetch(AT_ONCE):
        yield rows


def _all_known(rows: Sequence[Record], today: date, programme: Programme | None, alike: Alike) -> list[Known]:
    return [_known(row, today, programme, alike) for row in rows]


def _known(row: Record, today: date, programme: Programme | None, alike: Alike) -> Known:
    paused = row["paused_until"] is not None and row["paused_until"] > today
    taking_part = row["status"] == "active" and row["opted_in"] and not paused and _likes(row, programme)
    places, leads = _room(row["time_budget_minutes"], int(row["minutes"]), programme)
    person = Person(
        id=row["person_id"],
        available=taking_part and places > 0,
        manager=row["manager_id"],
        unit=alike(row["unit_code"]),
        division=alike(row["division"]),
        site=alike(row["site_code"]),
        function=alike(row["job_function"] or ""),
        level=row["job_level"],
        tenure_days=(today - row["hired_on"]).days,
        starts=row["work_starts"],
        ends=row["work_ends"],
        utc_offset=utc_offset(row["time_zone"], today),
        days=alike(tuple(row["work_days"])),
        languages=alike(tuple(map(alike, row["languages"]))),
        offers=tuple(alike((alike(offer["skill_id"]), offer["level"])) for offer in row["offers"]),
        needs=tuple(alike((alike(need["skill_id"]), need["level"], need["target_level"])) for need in row["needs"]),
        slots=min(row["capacity"] - row["learners"], leads),
        load=row["learners"],
        facilitator_ready=row["facilitator_ready"] and leads > 0,
        facilitating=row["facilitating"],
        waited=row["waited"],
        not_with=tuple(row["not_with"]),
        places=places,
        hosted=row["hosted"],
        agreed_minutes=row["time_budget_minutes"],
        keen=programme is not None and pace(programme.cadence_days) == row["pace"],
        company=company(row["group_size_min"], row["group_size_max"]),
        experience=alike(tuple(map(alike, row["experience"]))),
        likes=row["time_of_day"] or "",
        new_host=row["ready_since"] is not None and row["ready_since"] >= today.replace(day=1),
    )
    return Known(person, taking_part)


def concerned(person: Person, kind: MatchKind, about: frozenset[str]) -> bool:
    """A pair needs a learner; a circle takes everybody who seeks or knows what it is about."""
    needs = {skill for skill, *_ in person.needs}
    if kind == "pair":
        return bool(needs & about if about else needs)
    return not about or bool(about & (needs | {skill for skill, _ in person.offers}))


async def by_programmes(
    conn: Connection, person_id: UUID, programmes: Sequence[Programme], today: date
) -> tuple[Record | None, list[Known]]:
    """Somebody's row, and how each of these programmes sees them."""
    row = await conn.fetchrow(SQL.population_of, None, [person_id])
    alike = Alike()
    return row, [_known(row, today, programme, alike) for programme in programmes] if row else []


def _room(budget: int, spent: int, programme: Programme | None) -> tuple[int, int]:
    """How many commitments the time left pays, and how many of them where all are to teach or to facilitate.

    Nobody both takes part in circles and leads them there, but in pairs one may learn beside those one teaches.
    """
    left, first = budget - spent, spent == 0
    if programme is None:
        hours = -(-max(0, left) // HOUR)
        return hours, hours
    learning, leading = programme.learning, programme.leading
    leads = leading.fits(left, first=first)
    if KINDS.get(programme.format) == "circle":
        return max(leads, min(1, learning.fits(left, first=first))), leads
    if left >= learning.month:
        return 1 + (left - learning.month) // leading.month, leads
    return learning.fits(left, first=first), leads


def _likes(row: Record, programme: Programme | None) -> bool:
    """Whether they learn in the programme's way; a newcomer's buddy is a matter of course."""
    if programme is None or programme.format == BUDDY_FORMAT:
        return True
    fits = not row["formats"] or programme.format in row["formats"]
    return fits and (not row["modalities"] or programme.modality in row["modalities"])
