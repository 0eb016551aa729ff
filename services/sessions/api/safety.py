"""Ground rules, notes, concerns and questions without a name."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.sessions.api.caller import person, viewer
from services.sessions.commands import safety as commands
from services.sessions.queries import safety as queries
from shared.db import Connection
from shared.edge import Edge, Unread
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page

router = APIRouter(tags=["safety"])
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class NewText(BaseModel):
    """Some words."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "We let each other finish."}]})

    text: Words


class NewQuestion(BaseModel):
    """A question for the facilitator."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "What does that word mean?"}]})

    text: Question


class RulesVersion(BaseModel):
    """One version of a group's ground rules."""

    group_id: UUID
    version: int
    text: str
    changed_on: date | None = None


class Note(BaseModel):
    """A note on a session. Without an author under the Chatham House rule; private where it is closed."""

    note_id: UUID
    session_id: UUID
    author_id: UUID | None
    private: bool
    text: str
    written_on: date


class Contact(BaseModel):
    """Somebody concerns may be raised to."""

    person_id: UUID


class Concern(BaseModel):
    """A concern, between whoever raised it and the contact it has reached."""

    concern_id: UUID
    person_id: UUID
    session_id: UUID | None
    programme_id: UUID
    contact_id: UUID | None
    state: Literal["waiting", "open", "closed"]
    text: str
    reply: str | None
    raised_on: date


class ConcernReply(BaseModel):
    """The contact's answer."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "Let us talk."}]})

    text: Words
    close: bool = False


class Asked(BaseModel):
    """It is in the box, and nobody can tell whose it is."""

    session_id: UUID
    status: Literal["accepted"] = "accepted"


class Questions(BaseModel):
    """All questions of a session, in order of their letters."""

    session_id: UUID
    questions: list[str]


@router.post(
    "/v1/groups/{group_id}/ground-rules", status_code=201, response_model=RulesVersion, summary="Change ground rules"
)
async def change_rules(group_id: UUID, body: NewText, edge: Edge) -> Response:
    """The next version; every member accepts it before they join again."""
    by = viewer(edge.principal)
    return await edge.write(lambda conn: commands.change_rules(conn, group_id, by, body.text), body=body)


@router.get("/v1/groups/{group_id}/ground-rules", response_model=Page[RulesVersion], summary="Read ground rules")
async def list_rules(
    group_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """Every version, newest first."""
    member, (after,) = viewer(edge.principal), decode_cursor(cursor, int) or (None,)

    async def work(conn: Connection) -> Page[RulesVersion] | None:
        rows = await queries.list_rules(conn, group_id, member=member, after=after, limit=limit)
        found = page(rows, limit, lambda row: RulesVersion(**dict(row)), lambda row: (row["version"],))
        return found if rows or after else None

    return await edge.read(work)


@router.post("/v1/sessions/{session_id}/notes", status_code=201, response_model=Note, summary="Write a note")
async def write_note(session_id: UUID, body: NewText, edge: Edge) -> Response:
    """As the programme's confidentiality has it: with a name, without one, or for oneself alone."""
    author = person(edge.principal)
    return await edge.write(lambda conn: commands.write_note(conn, session_id, author, body.text), body=Unread())


@router.get("/v1/sessions/{session_id}/notes", response_model=Page[Note], summary="Read notes")
async def list_notes(
    session_id: UUID, edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """For those in the session; no note leaves the group."""
    reader, (after,) = person(edge.principal), decode_cursor(cursor, UUID) or (None,)

    async def work(conn: Connection) -> Page[Note]:
        rows = await queries.list_notes(conn, session_id, reader, after=after, limit=limit)
        return page(rows, limit, lambda row: Note(**dict(row)), lambda row: (row["note_id"],))

    return await edge.read(work)


@router.put("/v1/concern-contacts/{person_id}", response_model=Contact, summary="Appoint a contact for concerns")
async def appoint_contact(person_id: UUID, edge: Edge) -> Response:
    """Concerns reach whichever contact is outside the reporting line."""

    async def work(conn: Connection) -> Contact:
        return Contact(person_id=await commands.appoint_contact(conn, person_id))

    return await edge.write(work)


@router.delete(
    "/v1/concern-contacts/{person_id}", status_code=204, response_model=None, summary="Dismiss a contact for concerns"
)
async def dismiss_contact(person_id: UUID, edge: Edge) -> Response:
    """Open concerns go to somebody else."""
    return await edge.write(lambda conn: commands.dismiss_contact(conn, person_id))


@router.get("/v1/concern-contacts", response_model=Page[Contact], summary="List contacts for concerns")
async def list_contacts(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """Everybody may know to whom one can turn."""
    (after,) = decode_cursor(cursor, UUID) or (None,)

    async def work(conn: Connection) -> Page[Contact]:
        rows = await queries.list_contacts(conn, after=after, limit=limit)
        return page(rows, limit, lambda row: Contact(**dict(row)), lambda row: (row["person_id"],))

    return await edge.read(work)


@router.post("/v1/sessions/{session_id}/concerns", status_code=201, response_model=Concern, summary="Raise a concern")
async def raise_concern(session_id: UUID, body: NewText, edge: Edge) -> Response:
    """To somebody who is not in the reporting line, was not there, and is above nobody who was."""
    by = person(edge.principal)

    async def work(conn: Connection) -> Concern:
        return Concern(**dict(await commands.raise_concern(conn, session_id, by, body.text)))

    return await edge.write(work, body=body)


@router.get("/v1/concerns", response_model=Page[Concern], summary="List concerns")
async def list_concerns(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """One's own, and those one was turned to with; nobody else sees any, whatever their role."""
    reader, (after,) = person(edge.principal), decode_cursor(cursor, UUID) or (None,)

    async def work(conn: Connection) -> Page[Concern]:
        rows = await queries.list_concerns(conn, reader, after=after, limit=limit)
        await edge.audit_read(conn, "/v1/concerns")
        return page(rows, limit, lambda row: Concern(**dict(row)), lambda row: (row["concern_id"],))

    return await edge.read(work)


@router.post("/v1/concerns/{concern_id}/reply", response_model=Concern, summary="Answer a concern")
async def reply_to_concern(concern_id: UUID, body: ConcernReply, edge: Edge) -> Response:
    """By its contact; `close` ends it."""
    by = person(edge.principal)
    return await edge.write(
        lambda conn: commands.reply_to_concern(conn, concern_id, by, body.text, close=body.close), body=body
    )


@router.post("/v1/sessions/{session_id}/questions", status_code=202, response_model=Asked, summary="Ask without a name")
async def ask_question(session_id: UUID, body: NewQuestion, edge: Edge) -> Response:
    """Into the facilitator's box; five a session."""
    by = person(edge.principal)

    async def work(conn: Connection) -> Asked:
        await commands.ask(conn, session_id, by, body.text)
        return Asked(session_id=session_id)

    return await edge.write(work, body=Unread())


@router.get("/v1/sessions/{session_id}/questions", response_model=Questions, summary="Read questions")
async def get_questions(session_id: UUID, edge: Edge) -> Response:
    """For the facilitator; every reading is audited."""
    reader = person(edge.principal)

    async def work(conn: Connection) -> Questions:
        found = await queries.get_questions(conn, session_id, reader)
        await edge.audit_read(conn, f"/v1/sessions/{session_id}/questions")
        return Questions(session_id=session_id, questions=found)

    return await edge.read(work)
