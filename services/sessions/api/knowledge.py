"""Challenges, lessons and resources: left for others, searched by skill and word, used, rated, vouched for."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sessions.api.caller import caller, person
from services.sessions.api.series import Line
from services.sessions.api.times import Day
from services.sessions.commands import knowledge as commands
from services.sessions.commands.founding import Caller
from services.sessions.domain.knowledge import ENOUGH, Scope
from services.sessions.queries import knowledge as queries
from shared.db import Connection, Record
from shared.edge import Edge, Unread
from shared.events.base import Code
from shared.events.knowledge import KnowledgeKind, KnowledgeState, Stage
from shared.events.sessions import Score
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["knowledge"])
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Link = Annotated[str, StringConstraints(pattern=r"^https?://[\x21-\x7e]{1,1990}$")]
Level = Annotated[int, Field(ge=0, le=5, description="Of the skill, whom it is for.")]
Skills = Annotated[list[Code], Field(max_length=20)]
EXAMPLE: dict[str, Any] = {
    "kind": "lesson",
    "title": "Rehearse a migration twice",
    "text": "The second rehearsal found what the first one had hidden.",
    "skills": ["http://data.europa.eu/esco/skill/1"],
    "session_id": "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11",
}


class NewItem(BaseModel):
    """A challenge needs text, context and desired result, a lesson text, a resource text and link.

    With a session or group, text that is left out is what it has written as that kind.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    kind: KnowledgeKind
    title: Line
    text: Words | None = None
    context: Words | None = None
    desired_result: Words | None = None
    link: Link | None = None
    skills: Skills = []
    level: Level | None = None
    stage: Stage | None = None
    job_code: Code | None = None
    session_id: UUID | None = None
    group_id: UUID | None = None
    scope: Scope | None = Field(None, description="Everybody, unless where it comes from is closed.")
    challenge_id: UUID | None = Field(None, description="The challenge it answers.")
    expires_on: Day | None = Field(None, description="A year from today unless said otherwise.")


class ItemChanges(BaseModel):
    """What shall be otherwise. Only what was sent counts; other words are to be vouched for again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"level": 2}]})

    title: Line = "-"
    text: Words = "-"
    context: Words | None = None
    desired_result: Words | None = None
    link: Link | None = None
    skills: Skills = []
    level: Level | None = None
    stage: Stage | None = None
    job_code: Code | None = None


class Item(BaseModel):
    """Something to learn from. Counts rise in steps of five people; without five ratings there is no quality."""

    item_id: UUID
    version: int
    kind: KnowledgeKind
    state: KnowledgeState
    scope: Scope
    programme_id: UUID | None
    group_id: UUID | None
    session_id: UUID | None
    author_id: UUID | None
    title: str
    text: str
    context: str | None
    desired_result: str | None
    link: str | None
    skills: list[str]
    level: int | None
    stage: Stage | None
    job_code: str | None
    challenge_id: UUID | None
    capture_id: UUID | None = Field(description="The capture it came of.")
    answers: int = Field(description="Lessons and resources that answer this challenge.")
    verified_on: date | None
    expires_on: date
    written_on: date
    quality: float | None = Field(description="(10 x 3 + sum of ratings) / (10 + ratings), of 5.")
    ratings: int
    uses: int


class Rating(BaseModel):
    """How good it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"score": 4}]})

    score: Score


class Renewal(BaseModel):
    """Until when it is good; a year unless something is said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    expires_on: Day | None = None


class Verification(BaseModel):
    """Whether the caller vouches for it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"verified": True}]})

    verified: bool


class Used(BaseModel):
    """Where to go."""

    item_id: UUID
    link: str | None


class Rated(BaseModel):
    """It is kept, and nobody can find it again."""

    item_id: UUID


@router.post("/v1/knowledge", status_code=201, response_model=Item, summary="Leave something for others")
async def leave_knowledge(body: NewItem, edge: Edge) -> Response:
    """What comes from a closed programme stays in its group (409); under the Chatham House rule it names nobody."""
    author = person(edge.principal)

    async def work(conn: Connection) -> Item | None:
        item_id = await commands.leave(conn, body.model_dump(), author)
        return await _shown(conn, item_id, Caller(author, oversees=True))

    return await edge.write(work, body=body)


@router.get("/v1/knowledge", response_model=Page[Item], summary="Search what others have left")
async def search_knowledge(
    edge: Edge,
    q: Annotated[str, Field(min_length=1, max_length=200)] | None = None,
    skill_id: Code | None = None,
    kind: KnowledgeKind | None = None,
    stage: Stage | None = None,
    level: Level | None = None,
    job_code: Code | None = None,
    group_id: UUID | None = None,
    challenge_id: UUID | None = None,
    verified: bool | None = None,
    state: KnowledgeState = "current",
    cursor: Cursor | None = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Best first. Words are looked for in titles, texts and the labels of skills; `-word` leaves out."""
    found = decode_cursor(cursor, int, UUID)
    after = (found[0], found[1]) if found else None
    by = caller(edge.principal)
    wanted = queries.Wanted(q, skill_id, kind, stage, level, job_code, group_id, challenge_id, verified, state)

    async def work(conn: Connection) -> Page[Item]:
        rows = await queries.search(conn, wanted, by.person_id, oversees=by.oversees, after=after, limit=limit)
        return page(rows, limit, _item, lambda row: (row["quality"], row["item_id"]))

    return await edge.read(work)


@router.get("/v1/knowledge/{item_id}", response_model=Item, summary="Read one")
async def get_knowledge(item_id: UUID, edge: Edge) -> Response:
    """With its version as ETag. Reading it here is not counted; `PUT .../use` is."""
    by = caller(edge.principal)
    return await edge.read(lambda conn: _shown(conn, item_id, by))


@router.patch("/v1/knowledge/{item_id}", response_model=Item, summary="Change it")
async def change_knowledge(item_id: UUID, body: ItemChanges, edge: Edge) -> Response:
    """By its author or a programme owner. Needs If-Match."""
    by, expected, changes = caller(edge.principal), edge.if_match, body.model_dump(exclude_unset=True)

    async def work(conn: Connection) -> Item | None:
        await commands.change(conn, item_id, expected, changes, by)
        return await _shown(conn, item_id, by)

    return await edge.write(work, body=body)


@router.post("/v1/knowledge/{item_id}/renewal", response_model=Item, summary="Say that it is still true")
async def renew_knowledge(item_id: UUID, body: Renewal, edge: Edge) -> Response:
    """By its author or a programme owner, also after it has expired; 409 once it was withdrawn."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Item | None:
        await commands.renew(conn, item_id, body.expires_on, by)
        return await _shown(conn, item_id, by)

    return await edge.write(work, body=body)


@router.post("/v1/knowledge/{item_id}/withdrawal", response_model=Item, summary="Take it back")
async def withdraw_knowledge(item_id: UUID, edge: Edge) -> Response:
    """By its author or a programme owner, for good."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Item | None:
        await commands.withdraw(conn, item_id, by)
        return await _shown(conn, item_id, by)

    return await edge.write(work)


@router.put("/v1/knowledge/{item_id}/verification", response_model=Item, summary="Vouch for it")
async def verify_knowledge(item_id: UUID, body: Verification, edge: Edge) -> Response:
    """By somebody else who knows one of its skills, or a programme owner."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> Item | None:
        await commands.verify(conn, item_id, by, verified=body.verified)
        return await _shown(conn, item_id, by)

    return await edge.write(work, body=body)


@router.put("/v1/knowledge/{item_id}/use", response_model=Used, summary="Use it")
async def use_knowledge(item_id: UUID, edge: Edge) -> Response:
    """Its link; counted once a person and day, and told as a number of five people or more."""
    reader = person(edge.principal)

    async def work(conn: Connection) -> Used:
        return Used(item_id=item_id, link=await commands.use(conn, item_id, reader))

    return await edge.write(work)


@router.post("/v1/knowledge/{item_id}/ratings", status_code=202, response_model=Rated, summary="Rate it")
async def rate_knowledge(item_id: UUID, body: Rating, edge: Edge) -> Response:
    """Once, by somebody who has used it and has not written it. Counted with four others, and kept without a name."""
    reader = person(edge.principal)

    async def work(conn: Connection) -> Rated:
        await commands.rate(conn, item_id, reader, body.score)
        return Rated(item_id=item_id)

    return await edge.write(work, body=Unread())


async def _shown(conn: Connection, item_id: UUID, by: Caller) -> Item | None:
    row = await queries.get_item(conn, item_id, by.person_id, oversees=by.oversees)
    return _item(row) if row else None


def _item(row: Record) -> Item:
    values = dict(row)
    values["quality"] = row["quality"] / 100 if row["ratings"] >= ENOUGH else None
    return Item(**values)
