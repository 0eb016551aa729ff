"""What becomes of a preview: it is published as far as it still holds, or discarded as if it had never been."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.matching.commands.rounds import SQL, current, published, round_events
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


async def publish(conn: Connection, round_id: UUID) -> dict[str, Any]:
    """Tell everybody of a preview. A match whose people have changed since is withdrawn, and they are told why.

    Returns the round. Raises UnknownRound, RoundPublished, RoundDiscarded, RoundSolving, RoundNotKept or
    ProgrammeNotPublished.
    """
    await conn.execute(SQL.deciding)
    row = await _preview(conn, round_id)
    if row["solving"]:
        state = queries.shown(row)["state"]
        raise RoundSolving(f"The round is {state}: there is nothing yet to publish.", state=state)
    programme = await published(conn, row["programme_id"])
    kept = await inputs.load(conn, round_id)
    if kept is None:
        raise RoundNotKept("What this preview was computed from is not there any more: run the round again.")
    now = await current(conn, programme, kind_of(programme.format), row["seed"])
    preview = await matches.previewed(conn, round_id)
    standing = _standing(kept.problem, now, preview)
    expires_at = datetime.now(UTC) + timedelta(days=programme.rules.expires_days)
    out = [match.published(expires_at) for match in standing]
    await matches.publish_previews(conn, out)
    ids = {match.match_id for match in out}
    await matches.forget_previews(conn, [match for match in preview if match.match_id not in ids])
    left = {one["person_id"]: one["reason"] for one in await conn.fetch(SQL.all_unmatched, round_id)}
    placed = {person for match in out for person in match.participants} & kept.problem.asked
    changed = sorted(kept.problem.asked - placed - left.keys())
    await rounds.insert_unmatched(conn, round_id, [Unmatched(person, CHANGED, (), ()) for person in changed])
    left |= dict.fromkeys(changed, CHANGED)
    value = sum(match.score for match in out)
    gap = (row["bound"] - value) / row["bound"] if row["bound"] else 0.0
    asked, reasons = row["asked"], dict(sorted(Counter(left.values()).items()))
    withdrawn = len(preview) - len(out)
    figures = (asked - len(left), len(left), reasons, len(out), value, gap, withdrawn)
    after = await conn.fetchrow(SQL.publish_round, round_id, *figures)
    assert after is not None
    told = [*(tell(match) for match in out), *round_events(after, sorted(left.items()))]
    await outbox.append_all(conn, [(event, None) for event in told])
    return queries.shown(after)


async def discard(conn: Connection, round_id: UUID) -> dict[str, Any]:
    """Undo a preview: nobody ever hears of it. Raises UnknownRound, RoundPublished or RoundDiscarded."""
    await conn.execute(SQL.deciding)
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


def _standing(before: Problem, now: Problem, preview: list[Match]) -> list[Match]:
    """The matches whose people are as they were: same place, hours, skills and managers, free, and still asked."""
    was = {person.id: person for person in before.people}
    is_ = {person.id: person for person in now.people}
    taken: Counter[UUID] = Counter()
    standing = []
    for match in preview:
        people = [member.person_id for member in match.members]
        whole = len(people) >= (2 if match.kind != "circle" else before.size_min + 1)
        asked = all(one in now.asked for one in match.participants if one in before.asked)
        same = all(_same(was, is_, one, in_line=match.kind == "circle") for one in people)
        room = all(
            is_[member.person_id].available and taken[member.person_id] < _room(is_[member.person_id], member.role)
            for member in match.members
            if same
        )
        fresh = match.kind == "circle" or tuple(sorted(people)) not in now.recent
        if whole and asked and same and room and fresh:
            standing.append(match)
            taken.update(people)
    return standing


def _same(was: Mapping[UUID, Person], is_: Mapping[UUID, Person], one: UUID, *, in_line: bool) -> bool:
    if one not in was or one not in is_ or was[one]._replace(**PASSING) != is_[one]._replace(**PASSING):
        return False
    return not in_line or _line(was, one) == _line(is_, one)


def _room(person: Person, role: str) -> int:
    return min(person.slots, person.places) if role in CARRYING else person.places


def _line(people: Mapping[UUID, Person], one: UUID) -> list[UUID]:
    """Everybody above somebody."""
    line: list[UUID] = []
    manager = people[one].manager
    while manager is not None and manager in people and manager not in line:
        line.append(manager)
        manager = people[manager].manager
    return line
