"""Job profiles: the level of each skill that a job asks for."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from services.directory.commands.jobs import delete_job_profile, set_job_profile
from services.directory.domain.refusals import UnknownJobProfile
from services.directory.domain.taxonomy import Name
from services.directory.queries import jobs as queries
from shared import paging
from shared.db import Connection
from shared.edge import Edge
from shared.paging import Cursor, Limit, Page, decode_cursor
from shared.refusal import InvalidRequest

router = APIRouter(tags=["job profiles"])
JobCode = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class Target(BaseModel):
    """A skill and the level the job asks for."""

    model_config = ConfigDict(extra="forbid")

    skill_id: Name
    level: Annotated[int, Field(ge=1, le=5)]


class JobProfileEdit(BaseModel):
    """What a job asks for, whole."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "title": "Software engineer",
                    "targets": [{"skill_id": "http://data.europa.eu/esco/skill/fd446407", "level": 3}],
                }
            ]
        },
    )

    title: Name
    targets: Annotated[list[Target], Field(max_length=100)]


class JobProfile(BaseModel):
    """What a job asks for."""

    job_code: str
    version: int
    title: str
    targets: list[Target]


@router.get("/v1/job-profiles", response_model=Page[JobProfile], summary="List job profiles")
async def list_job_profiles(edge: Edge, cursor: Cursor | None = None, limit: Limit = paging.DEFAULT_LIMIT) -> Response:
    """By code."""

    async def work(conn: Connection) -> Page[JobProfile]:
        after = decode_cursor(cursor, str)
        rows = await queries.list_jobs(conn, after[0] if after else None, limit)
        return paging.page(
            rows, limit, lambda row: JobProfile.model_validate(dict(row)), lambda row: (row["job_code"],)
        )

    return await edge.read(work)


@router.get("/v1/job-profiles/{job_code}", response_model=JobProfile, summary="Read a job profile")
async def get_job_profile(job_code: JobCode, edge: Edge) -> Response:
    """One."""

    async def work(conn: Connection) -> JobProfile:
        return await _profile(conn, job_code)

    return await edge.read(work)


@router.put("/v1/job-profiles/{job_code}", response_model=JobProfile, summary="Say what a job asks for")
async def put_job_profile(job_code: JobCode, body: JobProfileEdit, edge: Edge) -> Response:
    """Everybody with the job is published with the gaps that follow. To replace one needs If-Match."""
    targets = {target.skill_id: target.level for target in body.targets}
    if len(targets) < len(body.targets):
        raise InvalidRequest.naming("targets", "names a skill twice")

    async def work(conn: Connection) -> JobProfile:
        await set_job_profile(conn, job_code, body.title, targets, edge.if_match)
        return await _profile(conn, job_code)

    return await edge.write(work, body=body)


@router.delete("/v1/job-profiles/{job_code}", status_code=204, summary="Ask nothing of a job any more")
async def remove_job_profile(job_code: JobCode, edge: Edge) -> Response:
    """Needs If-Match."""

    async def work(conn: Connection) -> None:
        await delete_job_profile(conn, job_code, edge.if_match)

    return await edge.write(work)


async def _profile(conn: Connection, job_code: str) -> JobProfile:
    row = await queries.get_job(conn, job_code)
    if row is None:
        raise UnknownJobProfile("There is no such job profile.")
    return JobProfile.model_validate(dict(row))
