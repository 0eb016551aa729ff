"""HR events for tests, and what the directory made of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

import orjson

from services.directory.consumers import on_org_unit_upserted, on_worker_upserted
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.base import Event
from shared.events.directory import PersonChanged, UnitChanged
from shared.events.hr import OrgUnitUpserted, WorkerUpserted

E = TypeVar("E", bound=Event)
numbers = count(1)
NOW = datetime.now(UTC)
TODAY = NOW.date()
LONG_AGO = date(2020, 1, 1)
LATER = TODAY + timedelta(days=30)


def worker(number: str, manager: str | None = None, **changes: Any) -> WorkerUpserted:
    """A worker; `on` and `seq` date the record."""
    values = {
        "employee_number": number,
        "sequence_number": changes.pop("seq", 1),
        "effective_at": changes.pop("on", LONG_AGO),
        "status": "active",
        "given_name": "Ada",
        "family_name": number,
        "work_email": f"{number}@aurora.example",
        "time_zone": "Europe/Berlin",
        "hire_date": LONG_AGO,
        "job_code": "SW-02",
        "job_title": "Engineer",
        "job_level": 2,
        "unit_code": "U",
        "manager_employee_number": manager,
        "site_code": "BER",
        "country": "DE",
    }
    return WorkerUpserted.model_validate({**values, **changes})


def unit(code: str, parent: str | None = None, seq: int = 1, **changes: Any) -> OrgUnitUpserted:
    """A unit."""
    values = {"code": code, "sequence_number": seq, "name": code, "parent_code": parent, "valid_from": LONG_AGO}
    return OrgUnitUpserted.model_validate({**values, **changes})


def envelope(event: E) -> Envelope[E]:
    """The event as it arrives."""
    number = next(numbers)
    return Envelope(
        id=str(number),
        source="https://hr.example",
        type=event.event_type,
        subject=event.key,
        time=datetime.now(UTC),
        data=event,
        topic=event.topic.name,
        key=event.key,
        partition=0,
        offset=number,
    )


async def tell(conn: Connection, *events: WorkerUpserted | OrgUnitUpserted) -> None:
    """One poll: units, then workers."""
    units = [envelope(event) for event in events if isinstance(event, OrgUnitUpserted)]
    workers = [envelope(event) for event in events if isinstance(event, WorkerUpserted)]
    if units:
        await on_org_unit_upserted(conn, units)
    if workers:
        await on_worker_upserted(conn, workers)


async def published(conn: Connection, topic: str) -> list[dict[str, Any]]:
    """Values on a topic, in order; a tombstone is its key alone."""
    rows = await conn.fetch("SELECT key, value FROM outbox WHERE topic = $1 ORDER BY id", topic)
    return [{"key": row["key"]} if row["value"] is None else orjson.loads(row["value"]) for row in rows]


async def person_id(conn: Connection, number: str) -> str:
    """Whose number it is."""
    return str(await conn.fetchval("SELECT person_id FROM people WHERE employee_number = $1", number))


async def changes(conn: Connection, number: str) -> list[PersonChanged]:
    """All that was published of a worker, in order."""
    who = await person_id(conn, number)
    return [
        PersonChanged.model_validate_json(orjson.dumps(value))
        for value in await published(conn, "directory.people")
        if value.get("person_id") == who
    ]


async def latest(conn: Connection, number: str) -> PersonChanged:
    """What was published of a worker last."""
    return (await changes(conn, number))[-1]


async def reasons(conn: Connection, number: str) -> list[Sequence[str]]:
    """The reasons of all that was published of a worker, in order."""
    return [change.reasons for change in await changes(conn, number)]


async def units_told(conn: Connection, code: str) -> list[UnitChanged]:
    """All that was published of a unit, in order."""
    return [
        UnitChanged.model_validate_json(orjson.dumps(value))
        for value in await published(conn, "directory.units")
        if value["code"] == code
    ]
