"""Recording: asked for, agreed to by everybody, and only then linked."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, HttpUrl, StringConstraints

from services.sessions.api.caller import caller, person
from services.sessions.commands import recordings as commands
from services.sessions.domain.recording import RecordingState
from services.sessions.queries import recordings as queries
from shared.edge import Edge

router = APIRouter(tags=["recordings"])


class Question(BaseModel):
    """What the recording is for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"purpose": "For those on night shift"}]})

    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Consent(BaseModel):
    """Yes or no."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"consents": True}]})

    consents: bool


class Link(BaseModel):
    """Where it is kept."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"link": "https://video.example/1"}]})

    link: HttpUrl


class Recording(BaseModel):
    """How far the asking is; who said no is told to nobody."""

    session_id: UUID
    version: int
    purpose: str
    state: RecordingState
    expected: int
    agreed: int
    link: str | None


@router.post(
    "/v1/sessions/{session_id}/recording", status_code=201, response_model=Recording, summary="Ask to record a session"
)
async def ask(session_id: UUID, body: Question, edge: Edge) -> Response:
    """By whoever leads; a closed session is never recorded."""
    by = caller(edge.principal)
    return await edge.write(lambda conn: commands.ask(conn, session_id, body.purpose, by), body=body)


@router.get("/v1/sessions/{session_id}/recording", response_model=Recording, summary="Read whether one may record")
async def get_recording(session_id: UUID, edge: Edge) -> Response:
    """For those who take part; the link only while everybody agrees."""
    by = caller(edge.principal)
    return await edge.read(lambda conn: queries.get_recording(conn, session_id, by.person_id, oversees=by.oversees))


@router.put("/v1/sessions/{session_id}/recording/consent", response_model=Recording, summary="Agree to be recorded")
async def consent(session_id: UUID, body: Consent, edge: Edge) -> Response:
    """Or not; it can be taken back at any time, and takes the link with it."""
    who = person(edge.principal)
    return await edge.write(lambda conn: commands.consent(conn, session_id, who, answer=body.consents), body=body)


@router.put("/v1/sessions/{session_id}/recording/link", response_model=Recording, summary="Link a recording")
async def keep_link(session_id: UUID, body: Link, edge: Edge) -> Response:
    """409 with the state unless everybody has agreed."""
    by = caller(edge.principal)
    return await edge.write(lambda conn: commands.keep_link(conn, session_id, str(body.link), by), body=body)
