"""What becomes of a preview: it is published as far as it still holds, or discarded as if it had never been."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from services.matching.commands.holding import Room, hold
from services.matching.commands.leading import lead
from services.matching.commands.problems import current, published
from services.matching.commands.retelling import retell
from services.matching.domain.format import (
    RoundDiscarded,
    RoundNotKept,
    RoundPublished,
    RoundSolving,
    UnknownRound,
    kind_of,
)
from services.matching.domain.match import tell
from services.matching.engine.figures import Tally
from services.matching.engine.people import Change, Unmatched
from services.matching.queries import rounds as queries
from services.matching.store import inputs, matches, rounds
from services.matching.store.programmes import Programme
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.matching import PersonLeftUnmatched, RoundCompleted

SQL = sql.load("services.matching", "rounds")
MATCHES = sql.load("services.matching", "matches")
SHARDS = sql.load("services.matching", "shards")
CHANGED, NEXT = "changed_since_preview", Change("next_round", 0)
AT_ONCE = 2000


class Fate(NamedTuple):
    """The matches that will not be, and the circles that will if somebody else may lead them."""

    lost: list[UUID]
    leaderless: list[UUID]


async def publish(conn: Connection, round_id: UUID) -> dict[str, Any]:
    """Tell everybody of a preview. A match whose people have changed since is withdrawn, and they are told why.

    However many it has matched, only some are in memory at a time. Returns the round. Raises UnknownRound,
    RoundPublished, RoundDiscarded, RoundSolving, RoundNotKept or ProgrammeNotPublished.
    """
    row = await _preview(conn, round_id)
    if row["solving"]:
        state = queries.shown(row)["state"]
        raise RoundSolving(f"The round is {state}: there is nothing yet to publish.", state=state)
    programme = await published(conn, row["programme_id"])
    if not await inputs.is_kept(conn, round_id):
        raise RoundNotKept("What this preview was computed from is not there any more: run the round again.")
    await conn.execute(SQL.deciding)
    fate = await _fate(conn, row, programme)
    await matches.forget_previews(conn, fate.lost)
    expires_at = datetime.now(UTC) + timedelta(days=programme.rules.expires_days)
    async for some in matches.publish_previews(conn, round_id, row["kind"], expires_at, fate.leaderless):
        await outbox.append_all(conn, ((tell(match), None) for match in some))
    led = await _led(conn, fate.leaderless, expires_at)
    changed = [one["person_id"] for one in await conn.fetch(SQL.changed_of_round, round_id)]
    await rounds.insert_unmatched(conn, round_id, [Unmatched(person, CHANGED, (), (), NEXT) for person in changed])
    reasons = await _tell_unmatched(conn, row)
    counted = await conn.fetchrow(SQL.counted_of_round, round_id)
    assert counted is not None
    asked, left = counted["asked"], sum(reasons.values())
    # What was proved was proved of people as they were: another facilitator may have come to be worth more.
    value = min(counted["value"], row["bound"])
    gap = (row["bound"] - value) / row["bound"] if row["bound"] else 0.0
    shown, withdrawn = row["figures"], row["matches"] - counted["matches"]
    if withdrawn or led or asked != row["asked"]:
        shown |= await _figures(conn, round_id, value)
    counts = (asked - left, left, dict(sorted(reasons.items())), counted["matches"])
    after = await conn.fetchrow(SQL.publish_round, round_id, *counts, value, gap, withdrawn, shown)
    assert after is not None
    await outbox.append(conn, _completed(after))
    return queries.shown(after)


async def discard(conn: Connection, round_id: UUID) -> dict[str, Any]:
    """Undo a preview: nobody ever hears of it. Raises UnknownRound, RoundPublished or RoundDiscarded."""
    await _preview(conn, round_id)
    await matches.forget_round(conn, round_id)
    await conn.execute(SHARDS.forget, round_id)
    row = await conn.fetchrow(SQL.discard_round, round_id)
    assert row is not None
    return queries.shown(row)


async def _fate(conn: Connection, row: Record, programme: Programme) -> Fate:
    """What becomes of each match: decided before the first is told, which would make its people look taken."""
    fate = Fate([], [])
    room: Room | None = None
    async for preview in matches.previewed(conn, row["round_id"]):
        members = list({member.person_id for match in preview for member in match.members})
        above = {one["person_id"]: one["manager_id"] for one in await conn.fetch(MATCHES.with_everybody_above, members)}
        lines = (await inputs.line_of(conn, row["round_id"], list(above)), above)
        before = await inputs.load_of(conn, row["round_id"], members)
        now, _ = await current(conn, programme, kind_of(programme.format), row["seed"], members)
        room = room or Room(row["setting"]["people"], before.problem.rules.facilitator_circles)
        held = await asyncio.to_thread(hold, before, now, lines, preview, room)
        fate.lost.extend(match.match_id for match in held.lost)
        fate.leaderless.extend(match.match_id for match in held.leaderless)
    return fate


async def _led(conn: Connection, leaderless: Sequence[UUID], expires_at: datetime) -> bool:
    """Circles that another facilitator leads from the beginning are told, those nobody may are not to be.

    What this publication has given everybody so far must be stored: it counts. Returns whether there was any.
    """
    circles = [match.published(expires_at) for match in await matches.get(conn, leaderless)]
    found = await lead(conn, [(circle, circle, CHANGED) for circle in circles], frozenset())
    told = {old.match_id: replace(new, version=old.version) for old, new, _ in found}
    before = [circle for circle in circles if told[circle.match_id].facilitator is not None]
    after = [told[circle.match_id] for circle in before]
    await matches.publish(conn, after)
    await matches.save_members(conn, before, after)
    await outbox.append_all(conn, ((tell(match), None) for match in await retell(conn, after)))
    await matches.forget_previews(conn, [circle.match_id for circle in circles if circle not in before])
    return bool(after)


async def _tell_unmatched(conn: Connection, row: Record) -> Counter[str]:
    """Each person left out is told; returns how many for each reason."""
    reasons: Counter[str] = Counter()
    cursor = await conn.cursor(SQL.left_of_round, row["round_id"])
    while some := await cursor.fetch(AT_ONCE):
        reasons.update(one["reason"] for one in some)
        await outbox.append_all(
            conn,
            ((PersonLeftUnmatched(**_of(row), person_id=one["person_id"], reason=one["reason"]), None) for one in some),
        )
    return reasons


async def _figures(conn: Connection, round_id: UUID, value: int) -> dict[str, Any]:
    """What is told of the round as everybody hears of it."""
    tally = Tally(await inputs.seen(conn, round_id))
    cursor = await conn.cursor(SQL.members_of_round, round_id)
    while some := await cursor.fetch(AT_ONCE):
        await asyncio.to_thread(tally.add, [[*zip(one["people"], one["roles"], strict=True)] for one in some])
    unmatched = {one["person_id"] for one in await conn.fetch(SQL.left_of_round, round_id)}
    return await asyncio.to_thread(tally.figures, unmatched, value)


async def _preview(conn: Connection, round_id: UUID) -> Record:
    row = await conn.fetchrow(SQL.lock_round, round_id)
    if row is None:
        raise UnknownRound("There is no such round.")
    if row["published"]:
        raise RoundPublished("The round has been published: everybody has been told.", state="published")
    if row["discarded_at"]:
        raise RoundDiscarded("The round has been discarded: run another one.", state="discarded")
    return row


def _of(row: Record) -> dict[str, UUID]:
    return {"round_id": row["round_id"], "programme_id": row["programme_id"]}


def _completed(row: Record) -> RoundCompleted:
    return RoundCompleted(
        **_of(row),
        **{name: row[name] for name in ("kind", "asked", "matched", "unmatched", "seed", "rules_version")},
        input_digest=row["input_digest"],
    )
