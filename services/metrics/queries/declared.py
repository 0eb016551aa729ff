"""What is declared of a programme, with what follows from it."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.metrics.domain.measures import MEASURES
from services.metrics.domain.results import worth
from services.metrics.queries.known import find_programme
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.metrics", "declared")


@dataclass(frozen=True)
class Declared:
    """`value` follows from what was `said`; it is declared, not counted here. `claim` says what it proves of causes."""

    programme_id: UUID
    name: str
    version: int
    declared_on: date
    measure: str
    definition_version: str
    value: float | None
    unit: str
    claim: str
    said: dict[str, Any]


async def get_declared(conn: Connection, programme_id: UUID, name: str) -> Declared | None:
    """One figure; None where there is no such one."""
    row = await conn.fetchrow(SQL.figure, programme_id, name)
    return _declared(row) if row else None


async def list_declared(conn: Connection, programme_id: UUID, after: str | None, limit: int) -> list[Declared]:
    """A programme's, in order of name. Raises NotFound."""
    await find_programme(conn, programme_id)
    return [_declared(row) for row in await conn.fetch(SQL.figures, programme_id, after, limit)]


def _declared(row: Record) -> Declared:
    measure, found = MEASURES[row["measure"]], worth(row["measure"], row["said"])
    return Declared(
        **row,
        definition_version=measure.definition_version,
        value=measure.rounded(found.value),
        unit=found.unit,
        claim=found.claim,
    )
