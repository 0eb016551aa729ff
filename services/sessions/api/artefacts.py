"""What a format requires beside people: written, looked up, ticked off; and small rooms."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.api.caller import caller
from services.sessions.commands import artefacts as commands
from services.sessions.domain.formats import Requirement
from services.sessions.domain.rooms import MOST_ROUNDS
from services.sessions.queries import artefacts as queries
from shared.db import Connection
from shared.edge import Edge, EdgeCall

router = APIRouter(tags=["artefacts"])
EXAMPLE: dict[str, Any] = {"content": "Problem, context, desired result"}


class Content(BaseModel):
    """In words; links are fine."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    content: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class Artefact(BaseModel):
    """Something that was written; by whom is shown where all is open. `session_id` null: of the whole group."""

    kind: Requirement
    session_id: UUID | None
    version: int
    content: str
    written_by: UUID | None
    written_at: datetime


class Artefacts(BaseModel):
    """All there are."""

    items: list[Artefact]


class Requirements(BaseModel):
    """What must exist before a session counts as held, and what of it does not yet."""

    session_id: UUID
    requires: list[Requirement]
    missing: list[Requirement]


class Checklist(BaseModel):
    """Steps of one version of the format's playbook that were done, counted from 1."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"playbook": 1, "done": [1, 2]}]})

    playbook: Annotated[int, Field(ge=1, lt=2**31)]
    done: Annotated[list[Annotated[int, Field(ge=0, lt=2**31)]], Field(max_length=30)]


class NewRooms(BaseModel):
    """How many people a room, and how many rounds."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"size": 4, "rounds": 3}]})

    size: Annotated[int, Field(ge=2, le=30)]
    rounds: Annotated[int, Field(ge=1, le=MOST_ROUNDS)]


class Room(BaseModel):
    """Who is together in one round."""

    round: int
    room: int
    people: list[UUID]


class Rooms(BaseModel):
    """All rounds, in order."""

    items: list[Room]


@router.put("/v1/sessions/{session_id}/artefacts/{kind}", response_model=Artefact, summary="Write what a session needs")
async def write_of_session(session_id: UUID, kind: Requirement, body: Content, edge: Edge) -> Response:
    """By anybody in it; again writes it anew. The session is held once attendance is known and nothing is missing."""
    by = caller(edge.principal)
    return await edge.write(
        lambda conn: _written(commands.write(conn, kind, body.content, by, session_id=session_id, group_id=None)),
        body=body,
    )


@router.put("/v1/groups/{group_id}/artefacts/{kind}", response_model=Artefact, summary="Write what a group needs")
async def write_of_group(group_id: UUID, kind: Requirement, body: Content, edge: Edge) -> Response:
    """Of the whole group: a charter, a challenge, a learning goal, goals of its own, a rubric, a placement."""
    by = caller(edge.principal)
    return await edge.write(
        lambda conn: _written(commands.write(conn, kind, body.content, by, session_id=None, group_id=group_id)),
        body=body,
    )


@router.get("/v1/sessions/{session_id}/artefacts", response_model=Artefacts, summary="Read a session's artefacts")
async def list_of_session(session_id: UUID, edge: Edge) -> Response:
    """Its own and its group's, for those who take part."""
    return await _list(edge, session_id, None)


@router.get("/v1/groups/{group_id}/artefacts", response_model=Artefacts, summary="Read a group's artefacts")
async def list_of_group(group_id: UUID, edge: Edge) -> Response:
    """For its members."""
    return await _list(edge, None, group_id)


@router.get("/v1/sessions/{session_id}/requirements", response_model=Requirements, summary="Read what is missing")
async def get_requirements(session_id: UUID, edge: Edge) -> Response:
    """What must exist before the session counts as held."""
    by = caller(edge.principal)
    return await edge.read(lambda conn: queries.get_requirements(conn, session_id, by.person_id, oversees=by.oversees))


@router.put("/v1/sessions/{session_id}/checklist", response_model=Checklist, summary="Tick off a playbook")
async def tick(session_id: UUID, body: Checklist, edge: Edge) -> Response:
    """By anybody in it; the version of the playbook stays with it."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Checklist:
        await commands.tick(conn, session_id, body.playbook, body.done, by)
        return Checklist(playbook=body.playbook, done=sorted(set(body.done)))

    return await edge.write(work, body=body)


@router.get("/v1/sessions/{session_id}/checklist", response_model=Checklist, summary="Read a checklist")
async def get_checklist(session_id: UUID, edge: Edge) -> Response:
    """404 before anybody has ticked anything off."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Checklist | None:
        row = await queries.get_checklist(conn, session_id, by.person_id, oversees=by.oversees)
        return Checklist(**dict(row)) if row else None

    return await edge.read(work)


@router.put("/v1/sessions/{session_id}/rooms", response_model=Rooms, summary="Form small rooms")
async def form_rooms(session_id: UUID, body: NewRooms, edge: Edge) -> Response:
    """By whoever leads: those registered, mixed anew each round so that people of one division are apart.

    The same two are together again as rarely as can be. Wishes not to meet somebody are not known here.
    """
    by = caller(edge.principal)

    async def work(conn: Connection) -> Rooms:
        await commands.form_rooms(conn, session_id, body.size, body.rounds, by)
        rows = await queries.list_rooms(conn, session_id, by.person_id, oversees=by.oversees)
        return Rooms(items=[Room(**dict(row)) for row in rows])

    return await edge.write(work, body=body)


@router.get("/v1/sessions/{session_id}/rooms", response_model=Rooms, summary="Read the rooms")
async def list_rooms(session_id: UUID, edge: Edge) -> Response:
    """For those who take part."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Rooms:
        rows = await queries.list_rooms(conn, session_id, by.person_id, oversees=by.oversees)
        return Rooms(items=[Room(**dict(row)) for row in rows])

    return await edge.read(work)


async def _written(writing: Any) -> Artefact:
    return Artefact(**dict(await writing))


async def _list(edge: EdgeCall, session_id: UUID | None, group_id: UUID | None) -> Response:
    by = caller(edge.principal)

    async def work(conn: Connection) -> Artefacts:
        rows = await queries.list_artefacts(conn, session_id, group_id, by.person_id, oversees=by.oversees)
        return Artefacts(items=[Artefact(**row) for row in rows])

    return await edge.read(work)
