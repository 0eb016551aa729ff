"""What is asked after sessions: check-ins, surveys before and after, pulses."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.sessions.api.caller import person, viewer
from services.sessions.api.forms import Item, Slug, Version
from services.sessions.commands import answers as commands
from services.sessions.commands import surveys
from services.sessions.queries import follow_up as queries
from shared.db import Connection
from shared.edge import Edge, Unread
from shared.events.follow_up import TransferAnswer
from shared.events.sessions import Score
from shared.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page
from shared.problems import misfit

router = APIRouter(tags=["follow-up"])
LATER = timedelta(days=30)
WAVES = {"before_from", "before_to", "after_from", "after_to", "later_from", "later_to"}
CHECKED_IN: Any = {"applied": 2, "frequency": 2, "effect": 3, "first_use_days": 4}
ANSWERED: Any = {"wave": "before", "scores": [3, 4, 2, 5], "token": "kept-by-me-alone"}


class Prompt(BaseModel):
    """A question that waits for the caller."""

    prompt_id: UUID
    kind: str
    subject_id: UUID
    programme_id: UUID
    due_on: date
    expires_on: date


class NewCheckIn(BaseModel):
    """Whether what was learned is used; everything but `applied` is left out when it is not."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [CHECKED_IN]})

    applied: Annotated[int, Field(ge=0, le=1000)]
    frequency: Annotated[int, Field(ge=0, le=4)] = 0
    effect: Annotated[int, Field(ge=0, le=4)] = 0
    first_use_days: Annotated[int, Field(ge=0, le=120)] | None = None
    minutes_saved: Annotated[int, Field(ge=0, le=10_000)] | None = Field(
        None, description="What using it has saved since the session, where one can say."
    )
    barrier: Literal["time", "manager", "no-occasion", "not-relevant", "tools", "other"] | None = None

    @model_validator(mode="after")
    def _unused(self) -> Self:
        if self.applied == 0 and (
            self.frequency or self.effect or self.first_use_days is not None or self.minutes_saved
        ):
            raise misfit("applied", "what was not applied has no frequency, effect or first use, and saves nothing")
        return self


class NewSurvey(BaseModel):
    """Which form is asked of whom, between which days; a pulse has no second wave.

    `arm`: `participants`; `waitlist` for whoever is compared with them; `teachers` asks those alone who teach there.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "programme_id": "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11",
                    "form_id": "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c12",
                    "form_version": 1,
                    "before_from": "2026-03-01",
                    "before_to": "2026-03-14",
                    "after_from": "2026-06-01",
                    "after_to": "2026-06-14",
                }
            ]
        },
    )

    programme_id: UUID
    form_id: UUID
    form_version: Version
    arm: Slug = "participants"
    before_from: date
    before_to: date
    after_from: date | None = None
    after_to: date | None = None
    later_from: date | None = Field(None, description="A third wave tells what has stayed 30 days later.")
    later_to: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        waves = (self.before_from, self.before_to, self.after_from, self.after_to, self.later_from, self.later_to)
        days = [day for day in waves if day]
        halves = [begin for begin, end in zip(waves[::2], waves[1::2], strict=True) if (begin is None) != (end is None)]
        if halves or days != sorted(days):
            raise misfit("before_from", "the days of the waves follow each other, and each wave has two")
        if self.after_from and self.after_from <= self.before_to:
            raise misfit("after_from", "the second wave begins after the first has ended")
        if self.later_from and (self.after_from is None or self.later_from < self.after_from + LATER):
            raise misfit("later_from", f"the third wave begins {LATER.days} days or more after the second did")
        return self


class Survey(BaseModel):
    """A survey or pulse, with the words it was opened with."""

    survey_id: UUID
    programme_id: UUID
    kind: Literal["survey", "pulse"]
    arm: str
    form_id: UUID
    form_version: int
    items: list[Item]
    theme: str
    before_from: date
    before_to: date
    after_from: date | None
    after_to: date | None
    later_from: date | None
    later_to: date | None
    state: Literal["open", "closed"]
    outcome: str | None


Token = Annotated[str, StringConstraints(min_length=16, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")]


class NewAnswer(BaseModel):
    """One score a statement. The token is made and kept by whoever answers: it pairs their waves."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [ANSWERED]})

    wave: Literal["before", "after", "later", "pulse"]
    scores: Annotated[list[Score], Field(min_length=1, max_length=7)]
    token: Token | None = None


class AnswerKept(BaseModel):
    """It is kept, and nobody can find it again."""

    subject_id: UUID
    status: Literal["accepted"] = "accepted"


@router.get("/v1/prompts", response_model=Page[Prompt], summary="List what one is asked")
async def list_prompts(edge: Edge, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT) -> Response:
    """What waits for an answer, soonest to expire first."""
    reader, after = person(edge.principal), decode_cursor(cursor, str, UUID)
    since = (date.fromisoformat(after[0]), after[1]) if after else None

    async def work(conn: Connection) -> Page[Prompt]:
        rows = await queries.list_prompts(conn, reader, after=since, limit=limit)
        return page(
            rows, limit, lambda row: Prompt(**dict(row)), lambda row: (str(row["expires_on"]), row["prompt_id"])
        )

    return await edge.read(work)


@router.post(
    "/v1/sessions/{session_id}/check-ins/{day}",
    status_code=202,
    response_model=AnswerKept,
    summary="Check in on transfer",
)
async def check_in(session_id: UUID, day: Literal["30", "60", "90"], body: NewCheckIn, edge: Edge) -> Response:
    """30, 60 or 90 days after a session. Stored without its author; told in batches of five or more."""
    author, answer = person(edge.principal), TransferAnswer(**body.model_dump())

    async def work(conn: Connection) -> AnswerKept:
        await commands.check_in(conn, session_id, int(day), author, answer)
        return AnswerKept(subject_id=session_id)

    return await edge.write(work, body=Unread())


@router.post("/v1/surveys/{survey_id}/answers", status_code=202, response_model=AnswerKept, summary="Answer a survey")
async def answer_survey(survey_id: UUID, body: NewAnswer, edge: Edge) -> Response:
    """Once a wave. Stored without its author, and gone when the survey is closed."""
    author = person(edge.principal)

    async def work(conn: Connection) -> AnswerKept:
        await commands.answer_survey(conn, survey_id, body.wave, author, body.scores, body.token)
        return AnswerKept(subject_id=survey_id)

    return await edge.write(work, body=Unread())


@router.post("/v1/surveys", status_code=201, response_model=Survey, summary="Open a survey")
async def open_survey(body: NewSurvey, edge: Edge) -> Response:
    """Freezes its form's version, and asks everybody in the programme's groups while a wave lasts."""
    days = body.model_dump(include=WAVES)

    async def work(conn: Connection) -> dict[str, Any]:
        return await surveys.open_survey(conn, body.programme_id, body.form_id, body.form_version, body.arm, days)

    return await edge.write(work, body=body)


@router.get("/v1/surveys", response_model=Page[Survey], summary="List surveys")
async def list_surveys(
    edge: Edge, programme_id: UUID | None = None, cursor: Cursor | None = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """One's own, or all for owners and admins."""
    (after,) = decode_cursor(cursor, UUID) or (None,)
    seen_by = viewer(edge.principal)

    async def work(conn: Connection) -> Page[Survey]:
        rows = await queries.list_surveys(conn, viewer=seen_by, programme_id=programme_id, after=after, limit=limit)
        return page(rows, limit, lambda row: Survey(**dict(row)), lambda row: (row["survey_id"],))

    return await edge.read(work)
