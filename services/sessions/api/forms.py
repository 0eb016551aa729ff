"""Forms: what surveys and pulses ask, in versions that stand once they are open."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.sessions.commands import surveys
from services.sessions.queries import follow_up as queries
from shared.db import Connection
from shared.edge import Edge
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.problems import misfit

router = APIRouter(tags=["follow-up"])
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
STATEMENTS = ("I share what I know unasked.", "I ask for help early.", "I try new ways.", "We solve it together.")
ITEMS: Any = [{"code": f"item-{number}", "text": text, "reverse": False} for number, text in enumerate(STATEMENTS)]
Version = Annotated[int, Field(ge=1, le=1_000_000)]


class Item(BaseModel):
    """One statement, to agree with from 1 to 5; or whether one would recommend it, from 0 to 10."""

    model_config = ConfigDict(extra="forbid")

    code: Slug
    text: Words
    reverse: bool = False
    scale: Literal["agreement", "recommendation"] = "agreement"


Items = Annotated[list[Item], Field(max_length=7)]


class FormContent(BaseModel):
    """What a form asks."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"theme": "behaviour", "items": ITEMS}]})

    theme: Slug
    items: Items = []

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({item.code for item in self.items}) != len(self.items):
            raise misfit("items", "each code once")
        return self


class NewForm(FormContent):
    """A survey has four to six statements, feedback one to three; a pulse two, or none on safety or belonging.

    Then two of the standard statements take turns.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "survey", "theme": "behaviour", "items": ITEMS}]}
    )

    kind: Literal["survey", "pulse", "feedback"]


class Form(BaseModel):
    """One version of a form. Open, it stands."""

    form_id: UUID
    version: int
    kind: Literal["survey", "pulse", "feedback"]
    theme: str
    state: Literal["draft", "open"]
    items: list[Item]


@router.post("/v1/forms", status_code=201, response_model=Form, summary="Draft a form")
async def create_form(body: NewForm, edge: Edge) -> Response:
    """Version 1; to be changed until a survey opens it."""
    items = [item.model_dump() for item in body.items]
    return await edge.write(lambda conn: surveys.create_form(conn, body.kind, body.theme, items), body=body)


@router.get("/v1/forms", response_model=Page[Form], summary="List forms")
async def list_forms(
    edge: Edge, form_id: UUID | None = None, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """Every version; the question catalogue of an organization."""
    after = decode_cursor(cursor, UUID, int)

    async def work(conn: Connection) -> Page[Form]:
        rows = await queries.list_forms(conn, form_id, after=after, limit=limit)
        return page(rows, limit, lambda row: Form(**dict(row)), lambda row: (row["form_id"], row["version"]))

    return await edge.read(work)


@router.put("/v1/forms/{form_id}/versions/{form_version}", response_model=Form, summary="Change a draft")
async def change_form(form_id: UUID, form_version: Version, body: FormContent, edge: Edge) -> Response:
    """409 FormFrozen once a survey has opened it."""
    items = [item.model_dump() for item in body.items]
    return await edge.write(lambda conn: surveys.change_form(conn, form_id, form_version, body.theme, items), body=body)


@router.post("/v1/forms/{form_id}/versions", status_code=201, response_model=Form, summary="Begin the next version")
async def new_form_version(form_id: UUID, edge: Edge) -> Response:
    """A draft with the words of the newest one."""
    return await edge.write(lambda conn: surveys.new_version(conn, form_id))
