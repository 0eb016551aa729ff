"""The audit trail's seal over HTTP: what `audit verify` says, for auditors without a shell."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from shared import audit
from shared.db import Connection
from shared.edge import Edge

router = APIRouter(tags=["privacy"])
MOST = 50_000


class Verification(BaseModel):
    """Links behind position `after` up to `until`, of `length` in all; ask again with `after=until` for the next.

    `broken` is the first position that does not hold, and `audit_id` the row of the trail that was sealed there.
    """

    holds: bool
    after: int
    until: int
    length: int
    broken: int | None
    audit_id: int | None


@router.get("/v1/audit/verification", response_model=Verification, summary="Check the audit trail")
async def verify_audit_trail(
    edge: Edge,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST,
) -> Response:
    """Every line's hash is computed anew from the line and the hash before it. The last seconds are not sealed yet."""

    async def work(conn: Connection) -> Verification:
        found = await audit.verdict(conn, after, limit)
        return Verification(holds=found.broken is None, **found._asdict())

    return await edge.read(work)
