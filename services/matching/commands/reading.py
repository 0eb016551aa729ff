"""Everybody as a round sees them, some at a time: however many there are, few are in memory."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.matching.commands.problems import asked_of, recent_hires, taught
from services.matching.engine.placing import Placed
from services.matching.store import people
from services.matching.store.people import Ids, Known
from services.matching.store.programmes import Programme
from shared import sql
from shared.db import Connection
from shared.events.matching import MatchKind

SQL = sql.load("services.matching", "rounds")


class Reading:
    """What a round is asked: its people, and once these are read, how many, and how many it does not ask, by reason."""

    def __init__(
        self, conn: Connection, programme: Programme, kind: MatchKind, among: frozenset[UUID] | None = None
    ) -> None:
        self._conn, self._programme, self._kind, self._among = conn, programme, kind, among
        self._today = datetime.now(UTC).date()
        self.people = self.asked = 0
        self.others: Counter[str] = Counter()

    async def everybody(self) -> AsyncIterator[list[Placed]]:
        """People, some at a time; only those `among` them are asked. Within a transaction."""
        ids = await people.numbered(self._conn)
        newcomers = await recent_hires(self._conn, self._programme, self._kind, self._today)
        met = 0
        async for known in people.some(self._conn, self._programme, self._today):
            placed = await self._placed(known, ids, newcomers)
            self.people += len(placed)
            self.asked += sum(one.asked for one in placed)
            met += sum(one.person.id in self._among for one in placed) if self._among else 0
            yield placed
        if self._among and len(self._among) > met:
            self.others["not_known"] = len(self._among) - met

    async def _placed(self, known: list[Known], ids: Ids, newcomers: frozenset[UUID]) -> list[Placed]:
        rules = self._programme.rules
        at = ids.places([one.person.id for one in known])
        known = [one for one, place in zip(known, at, strict=True) if place is not None]
        here = [one.person.id for one in known]
        lessons = await self._conn.fetch(
            SQL.lessons, self._programme.programme_id, rules.rest_days, rules.cool_off_days, here
        )
        known = taught(known, lessons)
        met = people.companions if self._kind == "circle" else people.recent_pairs
        recent = await met(self._conn, rules.cool_off_days, here)
        asked, others = await asked_of(self._conn, self._programme, self._kind, known, newcomers, among=self._among)
        self.others += others
        return await asyncio.to_thread(_placed, known, ids, asked, recent)


def _placed(known: list[Known], ids: Ids, asked: frozenset[UUID], recent: frozenset[tuple[UUID, UUID]]) -> list[Placed]:
    """Others by their places; who is not there any more is nobody's manager."""
    met: dict[UUID, list[UUID]] = defaultdict(list)
    for one, other in sorted(recent):
        met[one].append(other)
    everybody = [one.person for one in known]
    at = ids.places([person.id for person in everybody])
    managers = ids.places([person.manager for person in everybody])
    return [
        Placed(
            place,
            person.id in asked,
            person._replace(manager=None, not_with=()),
            manager,
            _here(ids, person.not_with),
            _here(ids, met.get(person.id, ())),
        )
        for person, place, manager in zip(everybody, at, managers, strict=True)
        if place is not None
    ]


def _here(ids: Ids, others: Sequence[UUID]) -> list[int]:
    return [place for place in ids.places(others) if place is not None]
