"""Copies of one's data as they are read."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from uuid import UUID

import orjson

from shared import sql
from shared.db import Connection
from shared.events.topics import SERVICES
from shared.privacy import portability
from shared.privacy.catalogue import MEANING, RETENTION_DAYS

SQL = sql.load("services.directory", "exports")
FORMAT = "lateral-export/1"


@dataclass(frozen=True, slots=True)
class Export:
    """A request and who has answered it."""

    request_id: UUID
    person_id: UUID
    requested_at: datetime
    expires_at: datetime
    answered: list[str]

    @property
    def waiting_for(self) -> list[str]:
        """Services that have not yet answered whole."""
        return sorted(set(SERVICES) - set(self.answered))


async def get_export(conn: Connection, request_id: UUID) -> Export | None:
    """One request that has not expired."""
    row = await conn.fetchrow(SQL.get_export, request_id)
    if row is None:
        return None
    return Export(**row, answered=[found["service"] for found in await conn.fetch(SQL.answered, request_id)])


async def assemble(conn: Connection, export: Export) -> bytes:
    """The file: a manifest that lists each service's tables with row counts and a digest, then the data."""
    key = await conn.fetchval(SQL.get_key, export.request_id)
    parts = await conn.fetch(SQL.list_parts, export.request_id)
    listed, data = [], {}
    for service, pieces in groupby(parts, key=itemgetter("service")):
        body = b"".join(portability.unseal(piece["sealed"], key) for piece in pieces)
        data[service] = tables = orjson.loads(body)
        counts = [{name: table[name] for name in ("table", "purpose", "data_class")} for table in tables]
        for count, table in zip(counts, tables, strict=True):
            count["rows"] = len(table["rows"])
        listed.append({"service": service, "sha256": sha256(body).hexdigest(), "tables": counts})
    manifest = {
        "format": FORMAT,
        "request_id": export.request_id,
        "person_id": export.person_id,
        "requested_at": export.requested_at,
        "assembled_at": datetime.now(UTC),
        "services": listed,
        "data_classes": {name: {"meaning": text, "kept_days": RETENTION_DAYS[name]} for name, text in MEANING.items()},
    }
    return orjson.dumps({"manifest": manifest, "data": data}, default=str, option=orjson.OPT_INDENT_2)
