"""Links for newcomers, ticked off by themselves; questions that courses leave open."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.sessions.api.caller import caller, person
from services.sessions.api.knowledge import Link
from services.sessions.api.series import Line
from services.sessions.commands import onboarding as commands
from services.sessions.domain.onboarding import WIDE
from services.sessions.queries import onboarding as queries
from shared.db import Connection
from shared.edge import Edge
from shared.events.base import Code
from shared.events.knowledge import Stage
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["onboarding"])
EXAMPLE: dict[str, Any] = {"stage": "first-week", "title": "Your first payslip", "url": "https://hr.example/payroll"}


class NewLink(BaseModel):
    """Somewhere to go, in a stage of somebody's first months. `place`: within its stage, last unless said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    stage: Stage
    title: Line
    url: Link
    place: Annotated[int, Field(ge=0, lt=WIDE)] | None = None


class OnboardingLink(BaseModel):
    """A link; `done` is the caller's own."""

    link_id: UUID
    stage: Stage
    title: str
    url: str
    done: bool


class Tick(BaseModel):
    """Done, or not after all."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"done": True}]})

    done: bool


class CourseQuestion(BaseModel):
    """A course of the session that has left one with a question; false once it is answered."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"uri": "https://lms.example/courses/42", "unresolved": True}]}
    )

    uri: Code
    unresolved: bool


class CourseQuestions(BaseModel):
    """Courses that have left one with a question."""

    session_id: UUID
    courses: list[str]


@router.post(
    "/v1/programmes/{programme_id}/onboarding-links",
    status_code=201,
    response_model=OnboardingLink,
    summary="Add a link for newcomers",
)
async def add_link(programme_id: UUID, body: NewLink, edge: Edge) -> Response:
    """From culture to payroll; Lateral leads there and holds nothing of it."""
    return await edge.write(
        lambda conn: commands.add_link(conn, programme_id, body.stage, body.title, body.url, body.place), body=body
    )


@router.get(
    "/v1/programmes/{programme_id}/onboarding-links",
    response_model=Page[OnboardingLink],
    summary="List a programme's links for newcomers",
)
async def list_links(
    programme_id: UUID,
    edge: Edge,
    stage: Stage | None = None,
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Stage by stage, with what one has ticked off oneself; nobody sees what others have."""
    found = decode_cursor(cursor, int, UUID)
    by = caller(edge.principal)

    async def work(conn: Connection) -> Page[OnboardingLink]:
        after = (found[0], found[1]) if found else None
        rows = await queries.list_links(
            conn, programme_id, by.person_id, oversees=by.oversees, stage=stage, after=after, limit=limit
        )
        return page(rows, limit, lambda row: OnboardingLink(**dict(row)), lambda row: (row["place"], row["link_id"]))

    return await edge.read(work)


@router.delete("/v1/onboarding-links/{link_id}", status_code=204, summary="Remove a link for newcomers")
async def remove_link(link_id: UUID, edge: Edge) -> Response:
    """With what was ticked off of it."""
    return await edge.write(lambda conn: commands.remove_link(conn, link_id))


@router.put("/v1/onboarding-links/{link_id}/tick", status_code=204, summary="Tick a link off")
async def tick_link(link_id: UUID, body: Tick, edge: Edge) -> Response:
    """By oneself and for oneself."""
    who = person(edge.principal)
    return await edge.write(lambda conn: commands.tick(conn, link_id, who, done=body.done), body=body)


@router.put(
    "/v1/sessions/{session_id}/course-questions",
    response_model=CourseQuestions,
    summary="Say that a course has left a question open",
)
async def leave_question(session_id: UUID, body: CourseQuestion, edge: Edge) -> Response:
    """Counted by course and month in steps of five people, without names; what the question is, is asked elsewhere."""
    who = person(edge.principal)

    async def work(conn: Connection) -> CourseQuestions:
        await commands.leave_question(conn, session_id, body.uri, who, unresolved=body.unresolved)
        return CourseQuestions(session_id=session_id, courses=await queries.list_questions(conn, session_id, who))

    return await edge.write(work, body=body)
