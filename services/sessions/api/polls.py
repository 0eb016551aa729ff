"""Polls in a group on how and how often it meets."""

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.api.caller import caller, person
from services.sessions.api.series import Line, Made, Minutes
from services.sessions.api.times import Instant, Local
from services.sessions.commands import polls as commands
from services.sessions.commands.founding import Caller
from services.sessions.domain.polls import PollState, state_of, winner
from services.sessions.queries import plans as queries
from shared.db import Connection, Record
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["polls"])
FORTNIGHTLY: dict[str, Any] = {
    "how": "A circle of six, in the room",
    "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=12",
    "starts_at": "2027-01-12T15:00:00",
    "time_zone": "Europe/Berlin",
    "minutes": 60,
}
EXAMPLE: dict[str, Any] = {
    "question": "How often, and how?",
    "options": [FORTNIGHTLY, {**FORTNIGHTLY, "how": "Short and online, every week", "minutes": 30}],
    "closes_at": "2027-01-05T12:00:00Z",
}


class Option(BaseModel):
    """One way to meet: in which form, by which rule (RFC 5545) from which local start."""

    model_config = ConfigDict(extra="forbid")

    how: Line
    rrule: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    starts_at: Local
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    minutes: Minutes | None = None


class NewPoll(BaseModel):
    """What a group is asked."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    question: Line
    options: Annotated[list[Option], Field(min_length=2, max_length=6)]
    closes_at: Instant


class Vote(BaseModel):
    """One's choice, counted from 0."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"option": 1}]})

    option: Annotated[int, Field(ge=0, lt=6)]


class Poll(BaseModel):
    """A poll. Votes by option and the proposal are shown once it is closed; of equal options the first one wins."""

    poll_id: UUID
    group_id: UUID
    question: str
    options: list[Option]
    closes_at: datetime
    state: PollState
    voted: int
    own_vote: int | None
    votes: list[int] | None
    proposal: int | None
    applied: int | None


class Application(BaseModel):
    """`in_place`: instead of the sessions that are still to come. `starts_at`: a later local start."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"in_place": True}]})

    in_place: bool = False
    starts_at: Local | None = None


@router.post("/v1/groups/{group_id}/polls", status_code=201, response_model=Poll, summary="Ask how a group will meet")
async def ask_poll(group_id: UUID, body: NewPoll, edge: Edge) -> Response:
    """By whoever leads it; one at a time, and members are told."""
    by = caller(edge.principal)
    options = [option.model_dump() for option in body.options]

    async def work(conn: Connection) -> Poll:
        poll_id = await commands.ask(conn, group_id, body.question, options, body.closes_at, by)
        return await _shown(conn, poll_id, by)

    return await edge.write(work, body=body)


@router.get("/v1/groups/{group_id}/polls", response_model=Page[Poll], summary="List a group's polls")
async def list_polls(
    group_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """Newest first, for those in the group."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    by = caller(edge.principal)

    async def work(conn: Connection) -> Page[Poll]:
        rows = await queries.list_polls(conn, group_id, by.person_id, oversees=by.oversees, after=after, limit=limit)
        return page(rows, limit, _poll, lambda row: (row["poll_id"],))

    return await edge.read(work)


@router.get("/v1/polls/{poll_id}", response_model=Poll, summary="Read a poll")
async def get_poll(poll_id: UUID, edge: Edge) -> Response:
    """For those in the group."""
    by = caller(edge.principal)
    return await edge.read(lambda conn: _shown(conn, poll_id, by))


@router.put("/v1/polls/{poll_id}/vote", response_model=Poll, summary="Vote")
async def vote(poll_id: UUID, body: Vote, edge: Edge) -> Response:
    """One vote each; again changes it, until it closes (409)."""
    voter = person(edge.principal)

    async def work(conn: Connection) -> Poll:
        await commands.vote(conn, poll_id, body.option, voter)
        return await _shown(conn, poll_id, Caller(voter, oversees=False))

    return await edge.write(work, body=body)


@router.post("/v1/polls/{poll_id}/closing", response_model=Poll, summary="Close a poll early")
async def close_poll(poll_id: UUID, edge: Edge) -> Response:
    """By whoever leads the group."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Poll:
        await commands.close(conn, poll_id, by)
        return await _shown(conn, poll_id, by)

    return await edge.write(work)


@router.post(
    "/v1/polls/{poll_id}/application", status_code=201, response_model=Made, summary="Meet as the group has voted"
)
async def apply_poll(poll_id: UUID, body: Application, edge: Edge) -> Response:
    """The group's series by the rule that won; 409 while it is open, applied already, or without a vote."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Made:
        return Made(session_ids=await commands.apply(conn, poll_id, body.starts_at, by, in_place=body.in_place))

    return await edge.write(work, body=body)


async def _shown(conn: Connection, poll_id: UUID, by: Caller) -> Poll:
    return _poll(await queries.get_poll(conn, poll_id, by.person_id, oversees=by.oversees))


def _poll(row: Record) -> Poll:
    values = dict(row)
    chosen: list[int] = values.pop("voted")
    state, counted = state_of(row["closes_at"], row["applied"], datetime.now(UTC)), Counter(chosen)
    over = state != "open"
    votes = [counted[number] for number in range(len(row["options"]))] if over else None
    return Poll(**values, state=state, voted=len(chosen), votes=votes, proposal=winner(chosen) if over else None)
