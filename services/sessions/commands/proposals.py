"""Matching says what is at risk; whoever oversees programmes turns it into a capture session in one call, or not."""

from collections.abc import Sequence
from uuid import UUID

from services.sessions.commands import captures
from services.sessions.commands.founding import Caller
from services.sessions.domain.captures import UnknownHolder
from services.sessions.domain.proposals import ProposalSettled, UnknownProposal
from shared import sql
from shared.db import Connection, Record
from shared.envelope import Envelope
from shared.events.matching import KnowledgeAtRisk, KnowledgeSettled

SQL = sql.load("services.sessions", "proposals")


async def note_risks(conn: Connection, causes: Sequence[Envelope[KnowledgeAtRisk]]) -> None:
    """Propose what matching found nobody to shadow for. Events of a skill come in order: the last one counts."""
    latest = {cause.data.skill_id: cause.data for cause in causes}
    rows = [(risk.skill_id, risk.holders, risk.due_on, risk.proposal) for risk in latest.values()]
    await conn.execute(SQL.note, *map(list, zip(*rows, strict=True)))


async def withdraw(conn: Connection, causes: Sequence[Envelope[KnowledgeSettled]]) -> None:
    """Propose no more what is at risk no more; what was made of it goes on."""
    await conn.execute(SQL.withdraw, sorted({cause.data.skill_id for cause in causes}))


async def accept(conn: Connection, proposal_id: UUID, holder_id: UUID | None, caller: Caller) -> UUID:
    """Ask whoever leaves first of those who know it, or somebody named, and meet in time; returns the capture.

    Where no time or learner is found yet the request waits and says why, as every other does.
    Raises UnknownProposal, ProposalSettled, UnknownHolder, InvalidRequest.
    """
    proposal = await _lock_open(conn, proposal_id)
    skill = proposal["skill_id"]
    holder = holder_id or await conn.fetchval(SQL.next_holder, skill)
    if holder is None:
        raise UnknownHolder("Nobody known here knows it: say who does.")
    running = await conn.fetchrow(SQL.running, holder, skill)
    capture_id = (
        running["capture_id"] if running else await captures.ask(conn, skill, holder, proposal["due_on"], caller)
    )
    if running is None or running["state"] == "waiting":
        await captures.try_to_plan(conn, capture_id)
    await conn.execute(SQL.settle, proposal_id, "accepted", capture_id)
    return UUID(str(capture_id))


async def decline(conn: Connection, proposal_id: UUID) -> None:
    """It need not be kept. Raises UnknownProposal, ProposalSettled."""
    await _lock_open(conn, proposal_id)
    await conn.execute(SQL.settle, proposal_id, "declined", None)


async def _lock_open(conn: Connection, proposal_id: UUID) -> Record:
    proposal = await conn.fetchrow(SQL.lock, proposal_id)
    if proposal is None:
        raise UnknownProposal("There is no such proposal.")
    if proposal["state"] != "proposed":
        raise ProposalSettled(f"It is {proposal['state']}.", state=proposal["state"])
    return proposal
