"""What becomes of a preview: it is published as far as it still holds, or discarded as if it had never been."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.matching.commands.problems import current, inside, published
from services.matching.domain.format import (
    RoundDiscarded,
    RoundNotKept,
    RoundPublished,
    RoundSolving,
    UnknownRound,
    kind_of,
)
from services.matching.domain.match import Match, tell
from services.matching.engine.people import Person, Problem, Unmatched
from services.matching.queries import rounds as queries
from services.matching.store import inputs, matches, rounds
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.base import Event
from shared.events.matching import PersonLeftUnmatched, RoundCompleted

SQL = sql.load("services.matching", "rounds")
MATCHES = sql.load("services.matching", "matches")
SHARDS = sql.load("services.matching", "shards")
CARRYING = frozenset({"teacher", "buddy"})
CHANGED = "changed_since_preview"
PASSING: dict[str, Any] = {
    "tenure_days": 0,
    "waited": 0,
    "hosted": 0,
    "load": 0,
    "facilitating": 0,
    "slots": 0,
    "places": 0,
    "utc_offset": 0,
    "agreed_minutes": 0,
}
"""What may change between a preview and its publication without touching anybody's match."""


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
    standing, lost = await asyncio.to_thread(_standing, before, now, preview)
    expires_at = datetime.now(UTC) + timedelta(days=programme.rules.expires_days)
    out = [match.published(expires_at) for match in standing]
    await matches.publish_previews(conn, out)
    await matches.forget_previews(conn, lost)
    left = {one["person_id"]: one["reason"] for one in await conn.fetch(SQL.all_unmatched, round_id)}
    placed = {person for match in out for person in match.participants} & before.asked
    changed = sorted(before.asked - placed - left.keys())
    await rounds.insert_unmatched(conn, round_id, [Unmatched(person, CHANGED, (), ()) for person in changed])
    left |= dict.fromkeys(changed, CHANGED)
    value = sum(match.score for match in out)
    gap = (row["bound"] - value) / row["bound"] if row["bound"] else 0.0
    asked, reasons = row["asked"], dict(sorted(Counter(left.values()).items()))
    figures = (asked - len(left), len(left), reasons, len(out), value, gap, len(lost))
    after = await conn.fetchrow(SQL.publish_round, round_id, *figures)
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


def _standing(before: Problem, now: Problem, preview: list[Match]) -> tuple[list[Match], list[Match]]:
    """The matches whose people are as they were: same place, hours, skills and managers, free, and still asked.

    And the others.
    """
    is_ = {person.id: person for person in now.people}
    was = {person.id: inside(person, is_.keys()) for person in before.people if person.id in is_}
    taken: Counter[UUID] = Counter()
    taught: Counter[UUID] = Counter()
    standing, lost = [], []
    for match in preview:
        people = [member.person_id for member in match.members]
        whole = len(people) >= (2 if match.kind != "circle" else before.size_min + 1)
        asked = all(one in now.asked for one in match.participants if one in before.asked)
        same = all(_same(was, is_, one, in_line=match.kind == "circle") for one in people)
        room = all(
            is_[member.person_id].available
            and taken[member.person_id] < is_[member.person_id].places
            and (member.role not in CARRYING or taught[member.person_id] < is_[member.person_id].slots)
            for member in match.members
            if same
        )
        fresh = match.kind == "circle" or tuple(sorted(people)) not in now.recent
        if whole and asked and same and room and fresh:
            standing.append(match)
            taken.update(people)
            taught.update(member.person_id for member in match.members if member.role in CARRYING)
        else:
            lost.append(match)
    return standing, lost


def _same(was: Mapping[UUID, Person], is_: Mapping[UUID, Person], one: UUID, *, in_line: bool) -> bool:
    if one not in was or one not in is_ or was[one]._replace(**PASSING) != is_[one]._replace(**PASSING):
        return False
    return not in_line or _line(was, one) == _line(is_, one)


def _line(people: Mapping[UUID, Person], one: UUID) -> list[UUID]:
    """Everybody above somebody."""
    line: list[UUID] = []
    manager = people[one].manager
    while manager is not None and manager in people and manager not in line:
        line.append(manager)
        manager = people[manager].manager
    return line
