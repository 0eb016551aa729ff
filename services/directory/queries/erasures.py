"""Erasures as they are read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared import sql
from shared.db import Connection, Record
from shared.events.topics import SERVICES

SQL = sql.load("services.directory", "erasures")


@dataclass(frozen=True, slots=True)
class Erasure:
    """A request and who has answered it."""

    request_id: UUID
    person_id: UUID
    requested_at: datetime
    receipts: list[Record]

    @property
    def waiting_for(self) -> list[str]:
        """Services that have not yet forgotten the person."""
        return sorted(set(SERVICES) - {receipt["service"] for receipt in self.receipts})


async def get_erasure(conn: Connection, request_id: UUID) -> Erasure | None:
    """One request with its receipts."""
    row = await conn.fetchrow(SQL.get_erasure, request_id)
    if row is None:
        return None
    return Erasure(**row, receipts=await conn.fetch(SQL.list_receipts, request_id))
