"""What becomes of a preview: it is published as far as it still holds, or discarded as if it had never been."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from services.matching.commands import places
from services.matching.commands.holding import Held, hold
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
from services.matching.domain.match import Match, tell
from services.matching.engine.figures import Mixed, Tally, seen
from services.matching.engine.people import Change, Unmatched
from services.matching.engine.placing import Placed
from services.matching.queries import rounds as queries
from services.matching.store import inputs, left_alone, matches, programmes, rounds
from services.matching.store.programmes import Programme
from shared import outbox, sql
from shared.courier import Outcome
from shared.db import Connection, Record
from shared.events.matching import PersonLeftUnmatched, RoundCompleted

SQL = sql.load("services.matching", "rounds")
MATCHES = sql.load("services.matching", "matches")
SHARDS = sql.load("services.matching", "shards")
CHANGED, NEXT = "changed_since_preview", Change("next_round", 0)
AT_ONCE = 2000
"""People at most whose round is published while its caller waits; people whom a larger one leaves out told at once."""


class At(NamedTuple):
    """Where a publication has come to.

    First what holds is told, then circles that somebody else is to lead, then whoever is left out.
    """

    step: Literal["matches", "circles", "people"]
    after: str | int | None = None
    """The exchange, the match or the place in the round that was looked at last."""
    led: bool = False
    """Whether anybody leads a circle in somebody else's place."""


async def publish(conn: Connection, round_id: UUID) -> dict[str, Any]:
    """Tell everybody of a preview. A match whose people have changed since is withdrawn, and they are told why.

    A round that asked more than some is `publishing` until workers have told everybody. Returns the round. Raises
    UnknownRound, RoundPublished, RoundDiscarded, RoundSolving, RoundNotKept or ProgrammeNotPublished.
    """
    row = await _preview(conn, round_id)
    if row["solving"]:
        state = (await queries.shown(conn, row))["state"]
        raise RoundSolving(f"The round is {state}: there is nothing yet to publish.", state=state)
    await published(conn, row["programme_id"])
    if not await inputs.is_kept(conn, round_id):
        raise RoundNotKept("What this preview was computed from is not there any more: run the round again.")
    row = await _save(conn, row, At("matches"))
    while row["publishing"] and row["asked"] <= AT_ONCE:
        row = await _go_on(conn, row)
    return await queries.shown(conn, row)


async def claim(conn: Connection) -> list[UUID]:
    """A round that is being published and that nobody is at."""
    return [row["round_id"] for row in await conn.fetch(SQL.claim_publication)]


async def settle(conn: Connection, claimed: Sequence[tuple[UUID, Outcome]]) -> None:
    """Tell some more of these rounds: whoever decides about anything else waits no longer than for these."""
    for round_id, _ in claimed:
        row = await conn.fetchrow(SQL.lock_round, round_id)
        if row is not None and row["publishing"]:
            await _go_on(conn, row)


async def discard(conn: Connection, round_id: UUID) -> dict[str, Any]:
    """Undo a preview: nobody ever hears of it. Raises UnknownRound, RoundPublished or RoundDiscarded."""
    await _preview(conn, round_id)
    await matches.forget_round(conn, round_id)
    await conn.execute(SHARDS.forget, round_id)
    row = await conn.fetchrow(SQL.discard_round, round_id)
    assert row is not None
    return await queries.shown(conn, row)


async def _save(conn: Connection, row: Record, at: At) -> Record:
    found = await conn.fetchrow(SQL.publishing_at, row["round_id"], at._asdict())
    assert found is not None
    return found


async def _go_on(conn: Connection, row: Record) -> Record:
    """The next of a round that is being published; returns its row."""
    at = At(**row["publishing"])
    await conn.execute(SQL.plan_anew)
    if at.step == "people":
        return await _tell_people(conn, row, at)
    preview = await matches.some_previews(conn, row["round_id"], at.after)
    if preview:
        return await _save(conn, row, await _tell_matches(conn, row, at, preview))
    circles = (row["kind"], at.step) == ("circle", "matches")
    return await _save(conn, row, at._replace(step="circles" if circles else "people", after=None))


async def _tell_matches(conn: Connection, row: Record, at: At, preview: Sequence[Match]) -> At:
    """What holds of these is told, the rest forgotten; a circle whose facilitator may not lead waits for its step.

    By then everybody leads what the round gave them, and what they may lead besides is known.
    """
    await conn.execute(SQL.deciding)
    programme = await programmes.get(conn, row["programme_id"])
    held = await _held(conn, row, programme, preview) if programme.published else Held([], [], list(preview))
    await matches.forget_previews(conn, [match.match_id for match in held.lost])
    expires_at = datetime.now(UTC) + timedelta(days=programme.rules.expires_days)
    standing = [match.published(expires_at) for match in held.standing]
    await matches.publish(conn, standing)
    await outbox.append_all(conn, ((tell(match), None) for match in standing))
    led = at.step == "circles" and await _lead(conn, [match.published(expires_at) for match in held.leaderless])
    return at._replace(after=str(max(match.ring_id or match.match_id for match in preview)), led=at.led or led)


async def _held(conn: Connection, row: Record, programme: Programme, preview: Sequence[Match]) -> Held:
    members = list({member.person_id for match in preview for member in match.members})
    circles = row["kind"] == "circle"
    up = MATCHES.with_everybody_above if circles else MATCHES.with_managers
    above = {one["person_id"]: one["manager_id"] for one in await conn.fetch(up, members)}
    lines = (await inputs.line_of(conn, row["round_id"], list(above) if circles else members), above)
    before = await inputs.load_of(conn, row["round_id"], members)
    kind = kind_of(programme.format)
    now = await current(conn, programme, kind, row["seed"], members, row["round_id"])
    return await asyncio.to_thread(hold, before, now, lines, preview)


async def _lead(conn: Connection, circles: Sequence[Match]) -> bool:
    """Circles that another facilitator leads from the beginning are told, those nobody may are not to be.

    Returns whether there was any.
    """
    found = await lead(conn, [(circle, circle, CHANGED) for circle in circles], frozenset())
    told = {old.match_id: replace(new, version=old.version) for old, new, _ in found}
    before = [circle for circle in circles if told[circle.match_id].facilitator is not None]
    after = [told[circle.match_id] for circle in before]
    await matches.publish(conn, after)
    await matches.save_members(conn, before, after)
    leaders = [match.facilitator for match in after]
    await conn.execute(SQL.forget_unmatched, circles[0].round_id if circles else None, leaders)
    await outbox.append_all(conn, ((tell(match), None) for match in await retell(conn, after)))
    await matches.forget_previews(conn, [circle.match_id for circle in circles if circle not in before])
    return bool(after)


async def _tell_people(conn: Connection, row: Record, at: At) -> Record:
    """Who is left out is told, and everybody who is not matched any more is; when all are, the round is published."""
    place = int(at.after or 0)
    if place >= row["setting"]["people"]:
        return await _finish(conn, row, at)
    left = await conn.fetch(SQL.left_at, row["round_id"], place, AT_ONCE)
    joined = await _join(conn, row, [one["person_id"] for one in left])
    left = [one for one in left if one["person_id"] not in joined]
    changed = [one["person_id"] for one in left if one["reason"] is None]
    await rounds.insert_unmatched(
        conn, row["round_id"], [Unmatched(person, CHANGED, (), (), NEXT) for person in changed]
    )
    await outbox.append_all(
        conn,
        (
            (PersonLeftUnmatched(**_of(row), person_id=one["person_id"], reason=one["reason"] or CHANGED), None)
            for one in left
        ),
    )
    return await _save(conn, row, at._replace(after=place + AT_ONCE))


async def _join(conn: Connection, row: Record, people: Sequence[UUID]) -> frozenset[UUID]:
    """Who of these finds a place in a circle that stands: the round does not leave them out."""
    if row["kind"] != "circle" or not people:
        return frozenset()
    await conn.execute(SQL.deciding)
    programme = await programmes.get(conn, row["programme_id"])
    joined = await places.give(conn, programme, people) if programme.published else frozenset[UUID]()
    await conn.execute(SQL.forget_unmatched, row["round_id"], list(joined))
    return joined


async def _finish(conn: Connection, row: Record, at: At) -> Record:
    """The round as everybody has heard of it."""
    counted = await conn.fetchrow(SQL.counted_of_round, row["round_id"])
    assert counted is not None
    reasons = {one["reason"]: one["people"] for one in await conn.fetch(SQL.reasons_of_round, row["round_id"])}
    asked, left = counted["asked"], sum(reasons.values())
    # What was proved was proved of people as they were: another facilitator may have come to be worth more.
    value = min(counted["value"], row["bound"])
    gap = (row["bound"] - value) / row["bound"] if row["bound"] else 0.0
    shown, withdrawn = row["figures"], row["matches"] - counted["matches"]
    if withdrawn or at.led or asked != row["asked"] or left != row["unmatched"]:
        shown |= await _figures(conn, row["round_id"], value)
    counts = (asked - left, left, reasons, counted["matches"])
    after = await conn.fetchrow(SQL.publish_round, row["round_id"], *counts, value, gap, withdrawn, shown)
    assert after is not None
    await left_alone.asked_by(conn, row["programme_id"], row["round_id"])
    await outbox.append(conn, _completed(after))
    return after


async def _figures(conn: Connection, round_id: UUID, value: int) -> dict[str, Any]:
    """What is told of the round as everybody hears of it."""
    tally = Tally()
    async for some in inputs.people(conn, round_id):
        became = await conn.fetch(SQL.became_of, round_id, [one.person.id for one in some])
        await asyncio.to_thread(_count, tally, some, became)
    cursor = await conn.cursor(SQL.mixed_of_round, round_id)
    while mixed := await cursor.fetch(AT_ONCE):
        tally.add_matches(Mixed(*one) for one in mixed)
    return tally.figures(value)


def _count(tally: Tally, people: Sequence[Placed], became: Sequence[Record]) -> None:
    given = {one["person_id"]: one["given"] for one in became}
    left = {one["person_id"] for one in became if one["left_out"]}
    tally.add_people((seen(one.person, asked=one.asked), given[one.person.id], one.person.id in left) for one in people)


async def _preview(conn: Connection, round_id: UUID) -> Record:
    row = await conn.fetchrow(SQL.lock_round, round_id)
    if row is None:
        raise UnknownRound("There is no such round.")
    if row["published"]:
        raise RoundPublished("The round has been published: everybody has been told.", state="published")
    if row["publishing"]:
        raise RoundPublished("The round is being published: some have been told.", state="publishing")
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
