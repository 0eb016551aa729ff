"""Testimonials, case studies and interviews: by consent, with a name or without, withdrawn at any time."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.api.caller import caller, person
from services.sessions.api.programme_forms import Result
from services.sessions.commands import testimonials as commands
from services.sessions.domain.testimonials import Attribution, TestimonialKind, TestimonialState
from services.sessions.queries import testimonials as queries
from shared.db import Connection
from shared.edge import Edge, Unread
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["testimonials"])
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Tags = Annotated[list[Tag], Field(max_length=10)]
Token = Annotated[
    str, Field(min_length=22, max_length=200, description="Made and kept by whoever speaks; a hash is stored.")
]
PROGRAMME = "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11"
OWN: dict[str, Any] = {
    "programme_id": PROGRAMME, "text": "I ask now before I guess.", "tags": ["asking"], "consents": True,
}  # fmt: skip
RECORD: dict[str, Any] = {
    "programme_id": PROGRAMME, "person_id": "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c12", "kind": "interview",
    "text": "She says that she asks before she guesses.", "tags": ["asking"],
}  # fmt: skip


class NewTestimonial(BaseModel):
    """One's own words for others to read. Without a name, `token` alone takes them back."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [OWN]})

    programme_id: UUID
    text: Words
    tags: Tags = []
    attribution: Attribution = "named"
    token: Token | None = None
    consents: Literal[True] = Field(description="That everybody in the organization may read it.")


class NewRecord(BaseModel):
    """What somebody said, written down for them to read and consent to."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [RECORD]})

    programme_id: UUID
    person_id: UUID
    kind: Literal["case_study", "interview"]
    text: Words
    tags: Tags = []


class Consent(BaseModel):
    """Whether everybody in the organization may read it, and under whose name."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"consents": True}]})

    consents: bool
    attribution: Attribution = "named"
    token: Token | None = None


class Withdrawal(BaseModel):
    """The token that was given with the words."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"token": "kT9vWq2m-8cJx4RzLpYh0A"}]})

    token: Token


class Given(BaseModel):
    """It is kept."""

    status: Literal["accepted"] = "accepted"


class Testimonial(BaseModel):
    """What was said; `person_id` is null for words without a name. Of what waits for consent owners see no words."""

    testimonial_id: UUID
    version: int
    kind: TestimonialKind
    programme_id: UUID
    person_id: UUID | None
    state: TestimonialState
    text: str
    tags: list[str]
    given_in: date


class Word(BaseModel):
    """What somebody said who consents to its being read; `person_id` is null for words without a name."""

    kind: TestimonialKind
    person_id: UUID | None
    text: str
    tags: list[str]
    given_in: date


class Report(BaseModel):
    """What came of a programme, in numbers and in words.

    `people` who have taken part, in fives; answers rise in fives, and means are null before the first five. `quality`:
    one to five over all forms, drawn towards 3 where few have answered. `words`: ten at most, another choice each day,
    where ten people have taken part; none of a closed programme.
    """

    programme_id: UUID
    sessions: int
    people: int
    answers: int
    usefulness: float | None
    relevance: float | None
    engagement: float | None
    forms: list[Result]
    quality: float | None
    words: list[Word]


@router.get("/v1/programmes/{programme_id}/report", response_model=Report, summary="Read numbers beside words")
async def read_report(programme_id: UUID, edge: Edge) -> Response:
    """Sessions held, people, what they answered, and what some of them say who consent. Every reading is audited."""

    async def work(conn: Connection) -> Report | None:
        await edge.audit_read(conn, f"/v1/programmes/{programme_id}/report")
        found = await queries.report(conn, programme_id)
        return Report.model_validate(found) if found else None

    return await edge.read(work)


@router.post("/v1/testimonials", status_code=202, response_model=Given, summary="Say what a programme is worth")
async def give_testimonial(body: NewTestimonial, edge: Edge) -> Response:
    """By somebody who has attended a session of it; nothing is told of a closed programme (409)."""
    by = person(edge.principal)

    async def work(conn: Connection) -> Given:
        await commands.give(conn, body.programme_id, by, body.text, body.tags, body.attribution, body.token)
        return Given()

    return await edge.write(work, body=body if body.attribution == "named" else Unread())


@router.post("/v1/interviews", status_code=201, response_model=Testimonial, summary="Write down what somebody said")
async def record_interview(body: NewRecord, edge: Edge) -> Response:
    """Nobody else reads it before they have consented; they are told that it waits."""
    by = edge.principal.person_id

    async def work(conn: Connection) -> Testimonial | None:
        made = await commands.record(conn, body.programme_id, body.person_id, body.kind, body.text, body.tags, by)
        return await _shown(conn, made, by)

    return await edge.write(work, body=body)


@router.post("/v1/testimonials/{testimonial_id}/consent", status_code=204, summary="Consent to being quoted, or not")
async def consent_to_quote(testimonial_id: UUID, body: Consent, edge: Edge) -> Response:
    """By whose words they are. Refused words are deleted; without a name nothing says any more whose they are."""
    by = person(edge.principal)
    return await edge.write(
        lambda conn: commands.answer(conn, testimonial_id, by, body.attribution, body.token, consents=body.consents),
        body=body if body.token is None else Unread(),
    )


@router.get("/v1/testimonials", response_model=Page[Testimonial], summary="Read testimonials")
async def list_testimonials(
    edge: Edge,
    programme_id: UUID | None = None,
    tag: Tag | None = None,
    kind: TestimonialKind | None = None,
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """With consent, and one's own. Words without a name are shown where ten people or more have taken part."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    by = caller(edge.principal)

    async def work(conn: Connection) -> Page[Testimonial]:
        rows = await queries.list_testimonials(
            conn, by.person_id, oversees=by.oversees, programme_id=programme_id, tag=tag, kind=kind, after=after,
            limit=limit,
        )  # fmt: skip
        return page(rows, limit, lambda row: Testimonial(**dict(row)), lambda row: (row["testimonial_id"],))

    return await edge.read(work)


@router.post("/v1/testimonials/{testimonial_id}/withdrawal", status_code=204, summary="Take one's words back")
async def withdraw_testimonial(testimonial_id: UUID, edge: Edge) -> Response:
    """By whose they are, under their name: the words are deleted."""
    by = person(edge.principal)
    return await edge.write(lambda conn: commands.withdraw(conn, testimonial_id, by))


@router.post("/v1/testimonial-withdrawals", status_code=204, summary="Take words without a name back")
async def withdraw_unnamed(body: Withdrawal, edge: Edge) -> Response:
    """By whoever has their token: the words are deleted."""
    return await edge.write(lambda conn: commands.withdraw_by_token(conn, body.token), body=Unread())


async def _shown(conn: Connection, testimonial_id: UUID, reader: UUID | None) -> Testimonial | None:
    row = await queries.get_testimonial(conn, testimonial_id, reader)
    return Testimonial(**dict(row)) if row else None
