"""After a release was rolled out: what an older worker had no use for has its effect now."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from shared import sql
from shared.batch import Decoded, place, read, whole
from shared.envelope import Kept, Raw
from shared.kafka import TopicPartition, partitions, reader, wire_name
from shared.ledger import SQL as LEDGER
from shared.rebuild import WAIT_SECONDS, Rebuild

SQL = sql.load("shared", "rebuild")
REMEMBERED_HOURS = 34 * 24
"""A day less than the inbox remembers: of what is older nobody can say whether it was applied."""


class CatchUp(Rebuild):
    """Reads again, outside the group, what the group has read, and applies what is in neither inbox nor dead letters.

    An older release skips the types that it does not know, and its offsets are those of the newer one's group. Workers
    may go on meanwhile: the inbox claims each event once.
    """

    _applied = 0

    async def since(self, moment: datetime) -> int:
        """Apply what is missing of all that came since then; returns how many records were missing."""
        async with self._db.acquire() as conn:
            rows = await conn.fetch(LEDGER.positions, self._name)
        taken = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        names = {wire_name(self._settings, topic): topic.name for topic in self.topics}
        found = [place for each in (await partitions(self._settings, self.topics)).values() for place in each]
        ends = {place: taken.get((names[place.topic], place.partition), 0) for place in found}
        client = reader(self._settings)
        client.assign(found)
        await asyncio.wait_for(client.start(), WAIT_SECONDS)
        try:
            wanted = dict.fromkeys(found, int(moment.astimezone(UTC).timestamp() * 1000))
            first = {place: at.offset for place, at in (await client.offsets_for_times(wanted)).items() if at}
            begins: dict[TopicPartition, int] = {place: first.get(place, ends[place]) for place in found}
            await self._read(client, begins, ends)
        finally:
            await client.stop()
        return self._applied

    async def _apply(self, raws: Sequence[Kept], decoded: Decoded | None = None) -> None:
        all_of = whole(raws)
        if missing := await self._missing(all_of, decoded or read(all_of, self._classes, self._hot)):
            await super()._apply(missing)

    async def _succeeds(self, raws: Sequence[Kept], decoded: Decoded | None) -> bool:
        succeeded = await super()._succeeds(raws, decoded)
        self._applied += len(raws) if succeeded else 0
        return succeeded

    async def _missing(self, raws: Sequence[Raw], decoded: Decoded) -> list[Raw]:
        """Those of a type that is handled here which are nowhere."""
        known, broken = decoded
        names = {place(envelope): (envelope.source, envelope.id) for envelope in known}
        handled = [raw for raw in raws if place(raw) in names or place(raw) in broken]
        told = [(*names.get(place(raw), ("", "")), *place(raw)) for raw in handled]
        if not told:
            return []
        async with self._db.acquire() as conn:
            rows = await conn.fetch(SQL.unapplied, self._name, *map(list, zip(*told, strict=True)))
        return [handled[row["number"] - 1] for row in rows]
