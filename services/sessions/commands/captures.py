"""Keep what somebody knows before they leave: seen from the event that says so, asked for, planned, settled."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.commands.founding import Caller, found_group
from services.sessions.commands.series import Details, add_session
from services.sessions.domain.captures import (
    FEW,
    HORIZON_DAYS,
    LEARNERS,
    LESSON,
    CaptureNotOpen,
    CaptureRuns,
    NothingToPlanBy,
    NotTheirsToAsk,
    UnknownCapture,
    UnknownHolder,
)
from services.sessions.queries.founding import propose
from services.sessions.store import formats
from shared import sql
from shared.db import Connection, Record
from shared.events.matching import MatchMember
from shared.refusal import InvalidRequest, Refused

SQL = sql.load("services.sessions", "captures")
PROPOSALS = sql.load("services.sessions", "proposals")
AT_ONCE = 20
SYSTEM = Caller(None, oversees=True)


async def open_at_risk(conn: Connection, people: Sequence[UUID] | None = None) -> int:
    """A request for each skill that would be left with one who knows it, or none, when somebody leaves."""
    ids = None if people is None else sorted(people)
    return len(await conn.fetch(SQL.open_at_risk, ids, FEW, HORIZON_DAYS))


async def watch_risks(conn: Connection) -> int:
    """What time makes a risk, and what has become of requests: a timer's work, whenever it comes."""
    await conn.execute(PROPOSALS.miss)
    return await open_at_risk(conn) + _count(await conn.execute(SQL.settle))


async def plan_waiting(conn: Connection) -> int:
    """Give waiting requests a group and a session; those that cannot have one say why and are tried again."""
    return sum([await try_to_plan(conn, row["capture_id"]) for row in await conn.fetch(SQL.lock_waiting, AT_ONCE)])


async def try_to_plan(conn: Connection, capture_id: UUID) -> bool:
    """Plan a waiting request, or note why it cannot be."""
    try:
        async with conn.transaction():
            await plan(conn, capture_id, SYSTEM)
    except Refused as refusal:
        await conn.execute(SQL.set_state, capture_id, "waiting", refusal.detail[:200], None)
        return False
    return True


async def ask(conn: Connection, skill_id: str, holder_id: UUID, due_on: date, caller: Caller) -> UUID:
    """Ask to keep what somebody knows. Raises NotTheirsToAsk, UnknownHolder, CaptureRuns, InvalidRequest."""
    if not caller.oversees and caller.person_id != holder_id:
        raise NotTheirsToAsk("Ask for yourself, or have a programme owner ask.")
    if not await conn.fetchval(SQL.works_here, holder_id):
        raise UnknownHolder("Nobody of that id works here.")
    if not await conn.fetchval(SQL.is_skill, skill_id):
        raise InvalidRequest.naming("skill_id", "is a skill nobody knows of")
    if due_on <= datetime.now(UTC).date():
        raise InvalidRequest.naming("due_on", "must lie after today")
    capture_id = uuid7()
    if not await conn.fetchval(SQL.ask, capture_id, skill_id, holder_id, due_on, caller.person_id):
        raise CaptureRuns("It was asked for already.", state=await conn.fetchval(SQL.running, holder_id, skill_id))
    return capture_id


async def plan(conn: Connection, capture_id: UUID, caller: Caller, learners: Sequence[UUID] | None = None) -> None:
    """Found a group of the holder and those who want to learn it, and meet once in time.

    Raises UnknownCapture, CaptureNotOpen, NothingToPlanBy.
    """
    capture = await _lock_open(conn, capture_id, caller, ("waiting",))
    known = await formats.known(conn)
    keeping = [name for name, shape in known.items() if LESSON in shape.requires]
    programme = await conn.fetchrow(SQL.programme_for, capture_id, keeping)
    if programme is None:
        raise NothingToPlanBy("No running programme shares knowledge about this skill.", state="waiting")
    holder, skill = capture["holder_id"], capture["skill_id"]
    shape = known[programme["format"]]
    most = min(LEARNERS, (programme["group_size_max"] if programme["is_main"] else shape.size[1]) - 1)
    if learners is None:
        rows = await conn.fetch(SQL.learners, holder, programme["programme_id"], skill, most)
        learners = [row["person_id"] for row in rows]
    if not learners:
        raise NothingToPlanBy("Nobody in the programme's audience wants to learn it.", state="waiting")
    if len(learners) + 1 < shape.size[0]:
        few = f"{shape.title} is for {shape.size[0]} and more: {len(learners) + 1} would be in it."
        raise NothingToPlanBy(few, state="waiting")
    members = [MatchMember(person_id=holder, role="teacher")]
    members += [MatchMember(person_id=one, role="participant") for one in learners]
    name = f"Passing on {capture['label']}"[:200]
    fields = {"name": name, "skill_id": skill, "membership": "closed", "format": shape.name}
    group_id = await found_group(conn, programme["programme_id"], fields, members, SYSTEM)
    days = (programme["first_on"], programme["last_on"])
    proposals = await propose(conn, group_id, None, *days, None, 1, oversees=True)
    if not proposals.items:
        raise NothingToPlanBy(proposals.reason or "There is no common time before it is due.", state="waiting")
    await add_session(conn, group_id, proposals.items[0].starts_at, Details(open=False), SYSTEM)
    await conn.execute(SQL.set_state, capture_id, "planned", None, group_id)


async def drop(conn: Connection, capture_id: UUID, caller: Caller) -> None:
    """Nobody needs it any more, or its holder does not want to; it does not come back by itself.

    Raises UnknownCapture, CaptureNotOpen.
    """
    await _lock_open(conn, capture_id, caller, ("waiting", "planned"))
    await conn.execute(SQL.set_state, capture_id, "dropped", "declined", None)


async def _lock_open(conn: Connection, capture_id: UUID, caller: Caller, states: Sequence[str]) -> Record:
    capture = await conn.fetchrow(SQL.lock, capture_id, None if caller.oversees else caller.person_id)
    if capture is None:
        raise UnknownCapture("There is no such request, or it is not about you.")
    if capture["state"] not in states:
        raise CaptureNotOpen(f"It is {capture['state']}.", state=capture["state"])
    return capture


def _count(status: str) -> int:
    return int(status.rsplit(" ", 1)[-1])
