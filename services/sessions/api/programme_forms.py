"""Which form asks where: after sessions of a format or of a programme, and in a programme's pulses."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.sessions.api.forms import Version
from services.sessions.commands import surveys as commands
from services.sessions.queries import follow_up as queries
from shared.db import Connection
from shared.edge import Edge
from shared.refusal import InvalidRequest

router = APIRouter(tags=["follow-up"])
Kind = Literal["feedback", "pulse"]
EXAMPLE: dict[str, Any] = {"form_id": "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c12", "form_version": 1}


class Choice(BaseModel):
    """A form and its version. For pulses: how often, the programme's cadence unless said; without a form, none."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    form_id: UUID | None = None
    form_version: Version | None = None
    every_days: Annotated[int, Field(ge=7, le=366)] | None = None


class Chosen(BaseModel):
    """What asks instead of the standard form; a pulse without a form asks nothing."""

    kind: Kind
    form_id: UUID | None
    form_version: int | None
    every_days: int | None


class FormatForm(BaseModel):
    """A form and the version of it that asks after sessions of a format."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    form_id: UUID
    form_version: Version


class Mean(BaseModel):
    """Over all released answers to one question."""

    code: str
    mean: float


class Result(BaseModel):
    """What came of one version of a feedback form; answers rise in fives. `score`: the mean of all, high is good."""

    form_id: UUID
    form_version: int
    answers: int
    means: list[Mean]
    score: float


class ProgrammeForms(BaseModel):
    """The forms that ask here instead of the standard ones, and what came of own ones, version by version."""

    programme_id: UUID
    forms: list[Chosen]
    results: list[Result]


@router.get("/v1/programmes/{programme_id}/forms", response_model=ProgrammeForms, summary="Read a programme's forms")
async def get_programme_forms(programme_id: UUID, edge: Edge) -> Response:
    """With means over released answers; every reading is audited."""

    async def work(conn: Connection) -> dict[str, Any] | None:
        await edge.audit_read(conn, f"/v1/programmes/{programme_id}/forms")
        return await queries.programme_forms(conn, programme_id)

    return await edge.read(work)


@router.put("/v1/programmes/{programme_id}/forms/{kind}", response_model=ProgrammeForms, summary="Choose a form")
async def choose_form(programme_id: UUID, kind: Kind, body: Choice, edge: Edge) -> Response:
    """That version stands from now on. Answers that are kept already stay with the form they were given to."""
    form = _form(kind, body)

    async def work(conn: Connection) -> dict[str, Any] | None:
        await commands.set_form(conn, programme_id, kind, form, body.every_days)
        return await queries.programme_forms(conn, programme_id)

    return await edge.write(work, body=body)


@router.delete("/v1/programmes/{programme_id}/forms/{kind}", status_code=204, summary="Ask the standard form again")
async def reset_form(programme_id: UUID, kind: Kind, edge: Edge) -> Response:
    """From the next answer on."""
    return await edge.write(lambda conn: commands.reset_form(conn, programme_id, kind))


@router.put("/v1/formats/{name}/form", status_code=204, summary="Choose the form of a format")
async def choose_format_form(name: str, body: FormatForm, edge: Edge) -> Response:
    """That version stands from now on, and asks after all its sessions where the programme has no form of its own."""
    form = (body.form_id, body.form_version)
    return await edge.write(lambda conn: commands.set_format_form(conn, name, form), body=body)


@router.delete("/v1/formats/{name}/form", status_code=204, summary="Ask a format's standard form again")
async def reset_format_form(name: str, edge: Edge) -> Response:
    """From the next answer on."""
    return await edge.write(lambda conn: commands.set_format_form(conn, name, None))


def _form(kind: Kind, body: Choice) -> tuple[UUID, int] | None:
    if kind == "feedback" and body.every_days is not None:
        raise InvalidRequest.naming("every_days", "is for pulses: feedback is asked after each session")
    if body.form_id is not None and body.form_version is not None:
        return body.form_id, body.form_version
    if kind == "pulse" and body.form_id is None and body.form_version is None:
        return None
    raise InvalidRequest.naming("form_version" if body.form_id else "form_id", "is missing")
