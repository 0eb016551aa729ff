"""The right to be forgotten: asked for here, answered by every service with a receipt."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.directory.commands.erasures import erase_person
from services.directory.domain.refusals import UnknownErasure
from services.directory.queries import erasures as queries
from shared.db import Connection
from shared.edge import Edge

router = APIRouter(tags=["erasures"])


class ErasureAccepted(BaseModel):
    """Where to look for the receipts."""

    request_id: UUID


class Receipt(BaseModel):
    """A service has forgotten the person; `rows` is how many rows that touched."""

    service: str
    rows: int
    completed_at: datetime


class Erasure(BaseModel):
    """A request; it is done when it waits for nobody."""

    request_id: UUID
    person_id: UUID
    requested_at: datetime
    waiting_for: list[str]
    receipts: list[Receipt]


@router.post(
    "/v1/people/{person_id}/erasure", status_code=202, response_model=ErasureAccepted, summary="Forget a person"
)
async def request_erasure(person_id: UUID, edge: Edge) -> Response:
    """Forgotten here at once, elsewhere soon. Asked again, the answer is the same."""

    async def work(conn: Connection) -> ErasureAccepted:
        return ErasureAccepted(request_id=await erase_person(conn, person_id, datetime.now(UTC)))

    return await edge.write(work)


@router.get("/v1/erasures/{request_id}", response_model=Erasure, summary="Follow an erasure")
async def get_erasure(request_id: UUID, edge: Edge) -> Response:
    """The receipts so far."""

    async def work(conn: Connection) -> Erasure:
        found = await queries.get_erasure(conn, request_id)
        if found is None:
            raise UnknownErasure("There is no such erasure request.")
        return Erasure(
            request_id=found.request_id,
            person_id=found.person_id,
            requested_at=found.requested_at,
            waiting_for=found.waiting_for,
            receipts=[Receipt.model_validate(dict(receipt)) for receipt in found.receipts],
        )

    return await edge.read(work)
