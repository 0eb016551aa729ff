"""What becomes of a preview: it is published as far as it still holds, or discarded as if it had never been."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.matching.commands.holding import hold
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
from services.matching.engine.figures import figures
from services.matching.engine.people import Change, Outcome, Problem, Unmatched
from services.matching.engine.people import Match as Formed
from services.matching.queries import rounds as queries
from services.matching.store import inputs, matches, rounds
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.base import Event
from shared.events.matching import PersonLeftUnmatched, RoundCompleted

SQL = sql.load("services.matching", "rounds")
MATCHES = sql.load("services.matching", "matches")
SHARDS = sql.load("services.matching", "shards")
CHANGED, NEXT = "changed_since_preview", Change("next_round", 0)


async def publish(conn: Connection, round_id: UUID, before: Problem | None = None) -> dict[str, Any]:
    """Tell everybody of a preview. A match whose people have changed since is withdrawn, and they are told why.

    `before` is what the round was computed from, where that is at hand. Returns the round. Raises UnknownRound,
    RoundPublished, RoundDiscarded, RoundSolving, RoundNotKept or ProgrammeNotPublished.
    """
    row = await _preview(conn, round_id)
    if row["solving"]:
        state = queries.shown(row)["state"]
        raise RoundSolving(f"The round is {state}: there is nothing yet to publish.", state=state)
    programme = await published(conn, row["programme_id"])
    if before is None:
        kept = await inputs.load(conn, round_id)
        if kept is None:
            raise RoundNotKept("What this preview was computed from is not there any more: run the round again.")
        before = kept.problem
    preview = await matches.previewed(conn, round_id)
    await conn.execute(SQL.deciding)
    members = list({member.person_id for match in preview for member in match.members})
    only = [one["person_id"] for one in await conn.fetch(MATCHES.with_everybody_above, members)]
    now = await current(conn, programme, kind_of(programme.format), row["seed"], only)
    held = await asyncio.to_thread(hold, before, now, preview)
    expires_at = datetime.now(UTC) + timedelta(days=programme.rules.expires_days)
    out = [match.published(expires_at) for match in held.standing]
    await matches.publish_previews(conn, out)
    led, leaderless = await _led(conn, [match.published(expires_at) for match in held.leaderless])
    out, lost = [*out, *led], [*held.lost, *leaderless]
    await matches.forget_previews(conn, lost)
    erased = {one["person_id"] for one in await conn.fetch(SQL.erased_of, list(before.asked))}
    asked = before.asked - erased
    left = {one["person_id"]: one["reason"] for one in await conn.fetch(SQL.all_unmatched, round_id)}
    left = {person: reason for person, reason in left.items() if person in asked}
    placed = {person for match in out for person in match.participants}
    changed = sorted(asked - placed - left.keys())
    await rounds.insert_unmatched(conn, round_id, [Unmatched(person, CHANGED, (), (), NEXT) for person in changed])
    left |= dict.fromkeys(changed, CHANGED)
    # What was proved was proved of people as they were: another facilitator may have come to be worth more.
    value = min(sum(match.score for match in out), row["bound"])
    gap = (row["bound"] - value) / row["bound"] if row["bound"] else 0.0
    shown = row["figures"]
    if lost or led or len(asked) != row["asked"]:
        shown |= await asyncio.to_thread(_figures, replace(before, asked=asked), out, left.keys(), value)
    reasons = dict(sorted(Counter(left.values()).items()))
    counts = (len(asked) - len(left), len(left), reasons, len(out))
    after = await conn.fetchrow(SQL.publish_round, round_id, *counts, value, gap, len(lost), shown)
    assert after is not None
    await outbox.append_all(conn, ((tell(match), None) for match in out))
    await outbox.append_all(conn, ((event, None) for event in _told(after, sorted(left.items()))))
    return queries.shown(after)


async def discard(conn: Connection, round_id: UUID) -> dict[str, Any]:
    """Undo a preview: nobody ever hears of it. Raises UnknownRound, RoundPublished or RoundDiscarded."""
    await _preview(conn, round_id)
    await matches.forget_previews(conn, await matches.previewed(conn, round_id))
    await conn.execute(SHARDS.forget, round_id)
    row = await conn.fetchrow(SQL.discard_round, round_id)
    assert row is not None
    return queries.shown(row)


async def _led(conn: Connection, circles: Sequence[Match]) -> tuple[list[Match], list[Match]]:
    """Circles that another facilitator leads from the beginning, and those nobody may.

    What this publication has given everybody so far must be stored: it counts.
    """
    found = await lead(conn, [(circle, circle, CHANGED) for circle in circles], frozenset())
    told = {old.match_id: replace(new, version=old.version) for old, new, _ in found}
    before = [circle for circle in circles if told[circle.match_id].facilitator is not None]
    after = [told[circle.match_id] for circle in before]
    await matches.publish_previews(conn, after)
    await matches.save_members(conn, before, after)
    after = await retell(conn, after)
    return after, [circle for circle in circles if circle not in before]


def _figures(before: Problem, out: Sequence[Match], left: Collection[UUID], value: int) -> dict[str, Any]:
    """What is told of the round as everybody hears of it."""
    formed = tuple(
        Formed(tuple((one.person_id, one.role) for one in match.members), match.skill_id, ()) for match in out
    )
    unmatched = tuple(Unmatched(person, CHANGED, (), ()) for person in left)
    return figures(before, Outcome(formed, unmatched, value, value))


async def _preview(conn: Connection, round_id: UUID) -> Record:
    row = await conn.fetchrow(SQL.lock_round, round_id)
    if row is None:
        raise UnknownRound("There is no such round.")
    if row["published"]:
        raise RoundPublished("The round has been published: everybody has been told.", state="published")
    if row["discarded_at"]:
        raise RoundDiscarded("The round has been discarded: run another one.", state="discarded")
    return row


def _told(row: Record, unmatched: Collection[tuple[UUID, str]]) -> Iterator[Event]:
    """What a published round tells: each person left out, then the whole."""
    common = {"round_id": row["round_id"], "programme_id": row["programme_id"]}
    for person, reason in unmatched:
        yield PersonLeftUnmatched(**common, person_id=person, reason=reason)
    yield RoundCompleted(
        **common,
        **{name: row[name] for name in ("kind", "asked", "matched", "unmatched", "seed", "rules_version")},
        input_digest=row["input_digest"],
    )
