"""Duplicates: an account and a worker that may be one person, where only somebody can tell."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.directory.commands import duplicates as commands
from services.directory.domain.duplicates import Doubt, Pair
from services.directory.queries import duplicates as queries
from shared import paging
from shared.db import Connection
from shared.edge import Edge
from shared.paging import Cursor, Limit, Page, decode_cursor
from shared.refusal import InvalidRequest

router = APIRouter(tags=["duplicates"])


class Duplicate(BaseModel):
    """An account nobody has given an employee number, and a worker without an account, at one address.

    `used`: something was said or done under the id, in a profile, a session or an endorsement, or a legal hold stands.
    """

    account_id: UUID
    person_id: UUID
    employee_number: str
    account_used: bool
    worker_used: bool
    doubt: Doubt
    """The account lets nobody in, both ids were used, or the address is of several."""


class Merge(BaseModel):
    """Which of the two ids stays. What the other services hold of the other one is forgotten, but for counts."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "person_id": "0b6e4c39-6b3e-4c56-8f0a-2f0d3b7b1b1e",
                    "keep": "0b6e4c39-6b3e-4c56-8f0a-2f0d3b7b1b1e",
                }
            ]
        },
    )

    person_id: UUID
    keep: Annotated[UUID, Field(description="The account's id or the worker's.")]


class Merged(BaseModel):
    """Whose id stays."""

    person_id: UUID


@router.get("/v1/duplicates", response_model=Page[Duplicate], summary="List who may be one person")
async def list_duplicates(edge: Edge, cursor: Cursor | None = None, limit: Limit = paging.DEFAULT_LIMIT) -> Response:
    """By ids. Whoever is one person beyond doubt is one already. Behind a page with few there may be others."""

    async def work(conn: Connection) -> Page[Duplicate]:
        rows, behind = await queries.list_pairs(conn, decode_cursor(cursor, UUID, UUID), limit)
        following = paging.encode_cursor(*behind) if behind else None
        return Page(items=[_shown(Pair(**dict(row))) for row in rows], next=following)

    return await edge.read(work)


@router.post("/v1/duplicates/{account_id}/merge", response_model=Merged, summary="Make one person of two")
async def merge_duplicate(account_id: UUID, body: Merge, edge: Edge) -> Response:
    """Profile, evidence, sessions, trainings and roles pass on; HR's records and the account are of one person then."""
    if body.keep not in {account_id, body.person_id}:
        raise InvalidRequest.naming("keep", "is neither of the two")

    async def work(conn: Connection) -> Merged:
        await commands.merge_duplicate(conn, account_id, body.person_id, body.keep, datetime.now(UTC))
        return Merged(person_id=body.keep)

    return await edge.write(work, body=body)


def _shown(pair: Pair) -> Duplicate:
    values = {name: getattr(pair, name) for name in Duplicate.model_fields if name != "doubt"}
    return Duplicate(**values, doubt=pair.doubt or "several")
