"""Org units in the database."""

from collections.abc import Iterable, Sequence

from shared import sql
from shared.db import Connection
from shared.events.directory import UnitChanged
from shared.events.hr import OrgUnitUpserted

SQL = sql.load("services.directory", "units")


async def lock(conn: Connection, codes: Iterable[str]) -> dict[str, OrgUnitUpserted]:
    """What HR said last of those units that are known, by code."""
    rows = await conn.fetch(SQL.lock_units, list(codes))
    return {row["code"]: OrgUnitUpserted.model_validate(dict(row), extra="ignore") for row in rows}


async def parents_above(conn: Connection, codes: Iterable[str]) -> dict[str, str]:
    """Parent by unit, for these units and all above them."""
    rows = await conn.fetch(SQL.parents_above, list(codes))
    return {row["code"]: row["parent_code"] for row in rows}


async def save(conn: Connection, units: Sequence[OrgUnitUpserted]) -> None:
    """Write what HR says; versions and paths are left to `move_subtrees` and `next_versions`."""
    columns = zip(
        *(
            (
                unit.code,
                unit.sequence_number,
                unit.name,
                unit.parent_code,
                unit.head_employee_number,
                unit.valid_from,
                unit.valid_to,
            )
            for unit in units
        ),
        strict=True,
    )
    await conn.execute(SQL.upsert_units, *columns)


async def forget_heads(conn: Connection, numbers: Sequence[str]) -> None:
    """No unit names these as its head any more."""
    await conn.execute(SQL.forget_heads, numbers)


async def move_subtrees(conn: Connection, codes: Iterable[str]) -> list[str]:
    """Derive the paths of units and of all below them; returns the codes of those whose path has changed."""
    return [row["code"] for row in await conn.fetch(SQL.move_subtrees, list(codes))]


async def next_versions(conn: Connection, codes: Iterable[str]) -> list[UnitChanged]:
    """Count the versions of units up and return them as they are now, in order of code."""
    rows = await conn.fetch(SQL.next_versions, list(codes))
    return sorted((UnitChanged.model_validate(dict(row), extra="ignore") for row in rows), key=lambda unit: unit.code)


async def paths(conn: Connection, codes: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Paths of those units that are known."""
    return {row["code"]: tuple(row["path"]) for row in await conn.fetch(SQL.paths, list(codes))}
