"""Open matches follow their people: who is gone leaves, what may not go on ends, who is left is matched anew."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.matching.commands import help as help_requests
from services.matching.commands import introductions
from services.matching.commands.leading import lead
from services.matching.commands.places import cause_of
from services.matching.commands.problems import problem_for
from services.matching.commands.reopening import Left, Loose, reopen
from services.matching.commands.retelling import retell
from services.matching.domain.match import EXCHANGE_OVER, FEWEST, OPEN, TOO_FEW_LEFT, Match, tell
from services.matching.engine import standing
from services.matching.store import matches, programmes
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope

SQL = sql.load("services.matching", "matches")
NO_LONGER_AVAILABLE = "no_longer_available"
NO_LONGER_NEUTRAL = "no_longer_neutral"
MEMBER_LEFT = "member_left"
NOT_FOR_THEM = "no_longer_for_them"


@dataclass(slots=True)
class Broken:
    """Matches that may not go on as they are: why, and who of a circle leaves it."""

    reasons: dict[UUID, str] = field(default_factory=dict)
    leavers: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))

    def add(self, match_id: UUID, person_id: UUID, reason: str) -> None:
        """Somebody's change broke a match."""
        self.reasons.setdefault(match_id, reason)
        self.leavers[match_id].add(person_id)


async def follow(
    conn: Connection, changed: Sequence[UUID], moved: Sequence[UUID], causes: Mapping[UUID, Envelope[Any]]
) -> None:
    """Put right the open matches of people whose state changed, and those near people with another manager."""
    today = datetime.now(UTC).date()
    gone = frozenset(row["person_id"] for row in await conn.fetch(SQL.gone, changed, today))
    broken = await _broken(conn, [one for one in changed if one not in gone], moved)
    left = await release(conn, gone, moved, causes, broken)
    await help_requests.part(conn, [one for one in changed if one not in gone])
    introduced = await introductions.leave(conn, sorted(gone)) if gone else []
    introduced += await introductions.part(conn, [one for one in changed if one not in gone])
    await reopen(conn, left, causes, introduced)


async def release(
    conn: Connection,
    gone: frozenset[UUID],
    moved: Sequence[UUID],
    causes: Mapping[UUID, Envelope[Any]],
    broken: Broken | None = None,
    *,
    erased: bool = False,
) -> Left:
    """Take people out of their open matches; end what cannot go on, find a facilitator for what can.

    Returns whom that leaves without a match, and which circles with fewer people. The events about matches of `erased`
    people do not name them any more.
    """
    broken = broken or Broken()
    if gone:
        await help_requests.leave(conn, sorted(gone))
    touched = {row["match_id"] for row in await conn.fetch(SQL.open_matches_of, list(gone))} if gone else set()
    touched |= await _partial(conn, moved)
    touched |= broken.reasons.keys()
    if not touched:
        return Left([])
    before = [match for match in await matches.lock_with_legs(conn, sorted(touched)) if match.state in OPEN]
    partial = await _partial(conn, moved)
    after = [
        (match, *_ended(match, gone, broken, is_touched=match.match_id in touched, erased=erased))
        for match in before
        if match.kind != "circle" and (match.match_id in touched or match.state == "proposed")
    ]
    loose = [
        Loose(old, one.person_id, one.role) for old, *_ in after for one in old.members if one.person_id not in gone
    ]
    leaderless: list[tuple[Match, Match, str]] = []
    for match in before:
        if match.kind != "circle":
            continue
        out = gone | broken.leavers.get(match.match_id, set())
        left = match.without(frozenset(out))
        loose += [Loose(match, one, "participant") for one in match.participants if one in out - gone]
        if len(left.participants) < FEWEST:
            after.append((match, left.become("ended"), TOO_FEW_LEFT))
            loose += [Loose(match, one, "participant") for one in left.participants]
        elif left.facilitator is None and match.facilitator is not None:
            leaderless.append((match, left, NO_LONGER_AVAILABLE))
        elif match.match_id in partial:
            leaderless.append((match, left, NO_LONGER_NEUTRAL))
        elif len(left.members) < len(match.members):
            after.append((match, left.become("formed"), None))
    after += await lead(conn, leaderless, gone)
    after.sort(key=lambda change: change[0].match_id)
    await matches.save_states(conn, [new for _, new, _ in after])
    circles = [(old, new) for old, new, _ in after if old.kind == "circle"]
    await matches.save_members(conn, [old for old, _ in circles], [new for _, new in circles])
    retold = {one.match_id: one for one in await retell(conn, [new for _, new in circles if new.state == "formed"])}
    await outbox.append_all(
        conn,
        [
            (tell(retold.get(new.match_id, new), reason or MEMBER_LEFT, changed=reason is None), cause_of(old, causes))
            for old, new, reason in after
        ],
    )
    smaller = [old for old, new in circles if new.state == "formed" and len(new.participants) < len(old.participants)]
    return Left(loose, smaller)


def _ended(
    match: Match, gone: frozenset[UUID], broken: Broken, *, is_touched: bool, erased: bool
) -> tuple[Match, str | None]:
    """A pair that is over, and why; one that is not touched itself is another leg of an exchange not yet agreed to."""
    if not is_touched:
        return match.become("withdrawn"), EXCHANGE_OVER
    rest = match.without(gone) if erased else match
    reason = NO_LONGER_AVAILABLE if gone.intersection(_people(match)) else broken.reasons[match.match_id]
    return rest.become("ended"), reason


def _people(match: Match) -> list[UUID]:
    return [member.person_id for member in match.members]


async def _broken(conn: Connection, changed: Sequence[UUID], moved: Sequence[UUID]) -> Broken:
    """What the changes of people who are still here do not allow any more."""
    broken = Broken()
    for row in await conn.fetch(SQL.no_longer_right, changed) if changed else ():
        broken.add(row["match_id"], row["person_id"], row["reason"])
    for row in await conn.fetch(SQL.lines_broken, moved) if moved else ():
        broken.add(row["match_id"], row["person_id"], "reporting_line")
    await _hindered(conn, changed, broken)
    return broken


async def _hindered(conn: Connection, changed: Sequence[UUID], broken: Broken) -> None:
    """Matches whose people have no hours, no day or no language in common any more."""
    rows = await conn.fetch(SQL.open_matches_of, changed) if changed else []
    # All at once: whoever answers locks the legs of an exchange in the order of their ids.
    open_ = await matches.lock_with_legs(conn, sorted({row["match_id"] for row in rows} | broken.reasons.keys()))
    by_programme: dict[UUID, list[Match]] = defaultdict(list)
    for match in open_:
        if match.match_id not in broken.reasons:
            by_programme[match.programme_id].append(match)
    today = datetime.now(UTC).date()
    for programme_id, theirs in sorted(by_programme.items()):
        programme = await programmes.get(conn, programme_id)
        only = sorted({one for match in theirs for one in _people(match)})
        problem, _ = await problem_for(conn, programme, today, 0, only=only)
        found = standing.hindrance(problem, [_people(match) for match in theirs])
        for match, reason in zip(theirs, found, strict=True):
            if reason is not None:
                for person in set(changed).intersection(_people(match)):
                    broken.add(match.match_id, person, reason)


async def _partial(conn: Connection, moved: Sequence[UUID]) -> set[UUID]:
    """Circles whose facilitator stands above a member, below somebody whose manager changed."""
    if not moved or not await conn.fetchval(SQL.has_circles):
        return set()
    return {row["match_id"] for row in await conn.fetch(SQL.no_longer_neutral, moved)}
