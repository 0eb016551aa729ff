"""How much of a month is for learning: what somebody wants, and what their manager has agreed to."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.directory.commands.profiles import agree_time
from services.directory.domain.profile import MINUTES_A_MONTH, Profile, time_budget
from services.directory.domain.refusals import UnknownPerson
from services.directory.queries import people as queries
from shared.db import Connection
from shared.edge import Edge

router = APIRouter(tags=["people"])


class Agreement(BaseModel):
    """Minutes a month, at most."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"minutes": 300}]})

    minutes: Annotated[int, Field(ge=0, le=MINUTES_A_MONTH)]


class TimeBudget(BaseModel):
    """What is in force: one's own word as far as it was agreed to, what was agreed to, or the default."""

    person_id: UUID
    minutes: int
    own_minutes: int | None
    agreed_minutes: int | None
    agreed_on: date | None


@router.get("/v1/people/{person_id}/time-budget", response_model=TimeBudget, summary="Read a time budget")
async def get_time_budget(person_id: UUID, edge: Edge) -> Response:
    """For oneself, one's manager and administrators."""

    async def work(conn: Connection) -> TimeBudget:
        row = await queries.get_profile(conn, person_id)
        mine = edge.principal.person_id
        if row is None or not (edge.principal.has("admin") or (mine and mine in {person_id, row["manager_id"]})):
            raise UnknownPerson("There is no such person.")
        return _shown(person_id, Profile.model_validate(row["profile"]))

    return await edge.read(work)


@router.put("/v1/people/{person_id}/time-budget", response_model=TimeBudget, summary="Agree to a time budget")
async def put_time_budget(person_id: UUID, body: Agreement, edge: Edge) -> Response:
    """By the manager of today. It stands until it is changed, also under the next manager; nobody needs one."""

    async def work(conn: Connection) -> TimeBudget:
        person = await agree_time(conn, person_id, edge.principal.person_id, body.minutes, datetime.now(UTC))
        return _shown(person_id, person.profile)

    return await edge.write(work, body=body)


@router.delete("/v1/people/{person_id}/time-budget", status_code=204, response_model=None, summary="Agree to nothing")
async def delete_time_budget(person_id: UUID, edge: Edge) -> Response:
    """By the manager of today: the person's own word counts again."""

    async def work(conn: Connection) -> None:
        await agree_time(conn, person_id, edge.principal.person_id, None, datetime.now(UTC))

    return await edge.write(work)


def _shown(person_id: UUID, profile: Profile) -> TimeBudget:
    return TimeBudget(
        person_id=person_id,
        minutes=time_budget(profile),
        own_minutes=profile.time_budget_minutes,
        agreed_minutes=profile.agreed_minutes,
        agreed_on=profile.agreed_on,
    )
