"""A place in a circle that stands, for whoever has none: who lost theirs, whom a round leaves over, who waits."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.matching.commands.problems import asking, problem_for
from services.matching.commands.retelling import retell
from services.matching.domain.match import Match, tell
from services.matching.engine import joining
from services.matching.engine.people import Change, Unmatched
from services.matching.store import left_alone, matches
from services.matching.store.programmes import Programme
from shared import outbox, sql
from shared.db import Connection, Record
from shared.envelope import Envelope

SQL = sql.load("services.matching", "matches")
ROUNDS = sql.load("services.matching", "rounds")
CIRCLES_LOOKED_AT = 200
FORESEEN = 2000
"""People a preview leaves over of whom it says whether a circle that stands has a place for them."""
NONE_FREE, NEXT = "no_circle_free", Change("next_round", 0)
NO_CAUSES: Mapping[UUID, Envelope[Any]] = {}


class Place(NamedTuple):
    """Somebody whom a programme asks, and the circle they fit in."""

    person_id: UUID
    match: Match | None


async def give(
    conn: Connection,
    programme: Programme,
    people: Sequence[UUID],
    causes: Mapping[UUID, Envelope[Any]] = NO_CAUSES,
    lost: Collection[UUID] = (),
) -> frozenset[UUID]:
    """A place for each of these people in a circle of the programme, if it is for them; returns who has one.

    Of those who `lost` theirs and find none it is kept why.
    """
    rows = await conn.fetch(SQL.roomy, programme.programme_id, programme.size_max, CIRCLES_LOOKED_AT)
    circles = await matches.lock(conn, [row["match_id"] for row in rows])
    if not circles and not lost:
        return frozenset()
    asked = await _find(conn, programme, people, circles)
    found = [(one.person_id, one.match) for one in asked if one.match]
    after = {match.match_id: match for match in circles}
    for person, match in found:
        after[match.match_id] = after[match.match_id].joined_by(person)
    changed = [(old, after[old.match_id].become("formed")) for old in circles if after[old.match_id] is not old]
    await matches.save_states(conn, [new for _, new in changed])
    await matches.save_members(conn, [old for old, _ in changed], [new for _, new in changed])
    joined = await retell(conn, [new for _, new in changed])
    await outbox.append_all(
        conn, [(tell(match, "member_joined", changed=True), cause_of(match, causes)) for match in joined]
    )
    with_place = frozenset(person for person, _ in found)
    alone = [one.person_id for one in asked if not one.match and one.person_id in lost]
    await left_alone.keep(conn, programme.programme_id, (Unmatched(one, NONE_FREE, (), (), NEXT) for one in alone))
    await left_alone.forget(conn, programme.programme_id, with_place)
    return with_place


async def foresee(conn: Connection, row: Record, programme: Programme) -> Record:
    """A preview's row, with how many of whom it leaves over could join circles that stand: nobody does yet."""
    if row["kind"] != "circle" or not row["unmatched"]:
        return row
    rows = await conn.fetch(SQL.roomy, programme.programme_id, programme.size_max, CIRCLES_LOOKED_AT)
    circles = await matches.get(conn, [each["match_id"] for each in rows])
    if not circles:
        return row
    left = await conn.fetch(ROUNDS.list_unmatched, row["round_id"], None, FORESEEN)
    asked = await _find(conn, programme, [each["person_id"] for each in left], circles)
    joining_ = sum(one.match is not None for one in asked)
    told = await conn.fetchrow(ROUNDS.foresee, row["round_id"], joining_) if joining_ else row
    assert told is not None
    return told


async def _find(
    conn: Connection, programme: Programme, people: Sequence[UUID], circles: Sequence[Match]
) -> list[Place]:
    """Whom of these people the programme asks, and which of these circles has a place for them."""
    if not people:
        return []
    inside = sorted({*people, *(member.person_id for match in circles for member in match.members)})
    only = [row["person_id"] for row in await conn.fetch(SQL.with_everybody_above, inside)]
    today = datetime.now(UTC).date()
    problem, known = await problem_for(conn, programme, today, today.toordinal(), only=only)
    asked = (await asking(conn, programme, "circle", problem, known)).asked
    mine = [one for one in people if one in asked]
    members, leaders = [match.participants for match in circles], [match.facilitator for match in circles]
    found = await asyncio.to_thread(joining.join, problem, mine, members, leaders)
    return [Place(one, None if at is None else circles[at]) for one, at in zip(mine, found, strict=True)]


def cause_of(match: Match, causes: Mapping[UUID, Envelope[Any]]) -> Envelope[Any] | None:
    """The event that touched a match, whose trace goes on."""
    return next((causes[member.person_id] for member in match.members if member.person_id in causes), None)
