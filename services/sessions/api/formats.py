"""The catalogue of formats."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.sessions.domain.catalogue import FORMATS
from services.sessions.domain.formats import Formality, LearningModel
from services.sessions.domain.formats import Format as Rules
from shared.db import Connection
from shared.edge import Edge
from shared.events.sessions import Confidentiality, SessionRole
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["formats"])


class Format(BaseModel):
    """A format's rules and defaults. `requires` names what its sessions need beside people."""

    name: str
    title: str
    rule: str
    learning_model: LearningModel
    formality: Formality
    group_size_min: int
    group_size_max: int
    session_minutes: int
    cadence_days: int
    confidentiality: Confidentiality
    facilitated: bool
    rotates: bool
    roles: list[SessionRole]
    requires: list[str]


@router.get("/v1/formats", response_model=Page[Format], summary="List formats")
async def list_formats(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """In order of name."""
    (after,) = decode_cursor(cursor, str) or ("",)
    found = [FORMATS[name] for name in sorted(FORMATS) if name > after][: limit + 1]

    async def work(_: Connection) -> Page[Format]:
        return page(found, limit, _format, lambda shape: (shape.name,))

    return await edge.read(work)


def _format(shape: Rules) -> Format:
    return Format(
        name=shape.name,
        title=shape.title,
        rule=shape.rule,
        learning_model=shape.learning_model,
        formality=shape.formality,
        group_size_min=shape.size[0],
        group_size_max=shape.size[1],
        session_minutes=shape.minutes,
        cadence_days=shape.cadence_days,
        confidentiality=shape.confidentiality,
        facilitated=shape.facilitated,
        rotates=shape.rotation is not None,
        roles=list(shape.session_roles),
        requires=list(shape.requires),
    )
